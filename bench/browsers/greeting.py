"""What a greeting does on the pages of a site, step by step, as `tasks.actions.greet` does it."""

from collections.abc import Callable, Sequence

from worker.browser.site import Site, Thread

Step = Callable[[], object]


class Greeting:
    """One greeting of a person, who has not been sent this text yet."""

    def __init__(self, site: Site, text: str, path: str) -> None:
        self._site = site
        self._text = text
        self._path = path
        self._opened: Thread | None = None

    def list_steps(self) -> Sequence[tuple[str, Step]]:
        """Return the steps by name, in their order."""
        return [
            ("open the profile and the conversation", self._open),
            ("read whom it is with, and the messages", self._read),
            ("type", self._type),
            ("read again whom it is with", self._check),
            ("click", self._click),
            ("prove", self._prove),
        ]

    @property
    def _thread(self) -> Thread:
        assert self._opened is not None
        return self._opened

    def _open(self) -> None:
        self._opened = self._site.open_thread(self._path)

    def _check(self) -> None:
        self._thread.recipient()
        self._thread.member()
        self._thread.shown_name()

    def _read(self) -> None:
        self._check()
        self._thread.messages()

    def _type(self) -> None:
        self._thread.type(self._text)

    def _click(self) -> None:
        self._thread.click_send()

    def _prove(self) -> None:
        assert self._thread.proof(self._text, more_than=0)


def greet(site: Site, text: str, path: str) -> None:
    """Take all steps."""
    for _, step in Greeting(site, text, path).list_steps():
        step()
