"""The report of a check that a person may attach to an issue: only shapes, hashes and our own names."""

import re
from collections.abc import Iterator
from importlib.metadata import version

from api_stub.cli.selectors.checking import CheckResult
from api_stub.cli.selectors.display import describe_sight
from worker.browser.check_report import CrossCheck, MarkReport, PageReport, list_facts
from worker.rules.sites.page_shapes import Shaper


def render_report(site: str, result: CheckResult, shaper: Shaper) -> str:
    """Return the text of the report."""
    return "\n".join(_list_lines(site, result, shaper)) + "\n"


def _list_lines(site: str, result: CheckResult, shaper: Shaper) -> Iterator[str]:
    yield f"Rapport {version('rapport')}: check of the pages of {site}"
    yield "Words are shapes (Aa a 9), names, ids and addresses are hashes that hold for this report only."
    yield ""
    for each in result.findings:
        yield f"{each.capability}: {each.verdict}{f' ({each.because})' if each.because else ''}"
    facts = list_facts(result.pages)
    yield f"facts: {', '.join(facts) or 'none'}"
    for page in result.pages:
        yield ""
        yield from _list_page(page, shaper)


def _list_page(page: PageReport, shaper: Shaper) -> Iterator[str]:
    asked, final = shaper.shape_path(page.asked), shaper.shape_path(page.final)
    language = page.language if re.fullmatch("[a-z]{2}", page.language or "") else "unknown"
    yield f"== {page.name}"
    yield f"asked {asked}, opened {final or 'nothing'}, HTTP {page.status or 'none'}, {page.seconds:.1f} s"
    yield f"language {language}, front end {page.front_end or 'not told'}, title {page.title}"
    if page.trouble is not None:
        yield f"trouble: {page.trouble}"
    yield from map(_describe_mark, page.marks)
    yield from map(_describe_check, page.checks)
    if page.sketch:
        yield "elements:"
        yield from (f"  {line}" for line in page.sketch)


def _describe_mark(mark: MarkReport) -> str:
    forms = ", ".join(
        f"{form.version} ({form.shown} shown, {form.hidden} hidden, {form.place})" for form in mark.forms
    )
    return f"mark {mark.name}: {describe_sight(mark) if mark.found is None else forms}"


def _describe_check(check: CrossCheck) -> str:
    return f"check {check.name}: {check.verdict}, {check.detail}"
