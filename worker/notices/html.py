"""A notice as the HTML part of a mail: one column, nothing fetched from anywhere."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from worker.rules.notices.texts import Notice


def render_html(notice: Notice) -> str:
    """Return the notice as an HTML document. Every value is escaped."""
    return _load_template().render(notice=notice)


@cache
def _load_template() -> Template:
    environment = Environment(
        loader=PackageLoader("worker.notices", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("notice.html")
