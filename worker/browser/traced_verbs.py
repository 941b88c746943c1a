"""A span for each verb of a site. Its attributes name the site and the verb, never an argument."""

from typing import Any, Final, cast

from worker.browser.site import Site
from worker.tracing import spans

_UNTRACED: Final = "normalise"
"""Opens no page."""
_OPENING: Final = ("open_thread", "open_invitation")
"""What these return has verbs too."""


def trace_verbs(site: Site, name: str) -> Site:
    """Return the site with a span around each of its verbs, and around those of the threads that it opens."""
    return cast("Site", _TracedVerbs(site, name))


class _TracedVerbs:
    def __init__(self, traced: object, site: str) -> None:
        self._traced = traced
        self._site = site

    def __getattr__(self, verb: str) -> Any:  # noqa: ANN401 -- that of the site
        method = getattr(self._traced, verb)
        if not callable(method) or verb == _UNTRACED:
            return method

        def run(*args: Any, **options: Any) -> Any:  # noqa: ANN401 -- those of the site
            with spans.span(f"{self._site} {verb}", {"rapport.site": self._site, "rapport.verb": verb}):
                result = method(*args, **options)
            return _TracedVerbs(result, self._site) if verb in _OPENING else result

        return run
