"""A real Radicale on loopback, in this process, and the requests that it saw."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

USER: Final = "ann"
PASSWORD: Final = "correct horse"
READING: Final = {"OPTIONS", "PROPFIND", "REPORT", "GET", "HEAD"}


@dataclass
class Radicale:
    """A server with one user, whose collections are folders that the test changes.

    `seen` has the method of each request, and the user it came from.
    """

    folder: Path
    port: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def book(self) -> Path:
        """The folder of the address book `contacts`."""
        return self.folder / "collection-root" / USER / "contacts"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add_collection(self, name: str, kind: str, title: str) -> Path:
        """Make an address book (VADDRESSBOOK) or a calendar (VCALENDAR) and return its folder."""
        path = self.folder / "collection-root" / USER / name
        path.mkdir(parents=True)
        (path / ".Radicale.props").write_text(f'{{"tag": "{kind}", "D:displayname": "{title}"}}')
        return path

    def set_password(self, password: str) -> None:
        (self.folder / "users").write_text(f"{USER}:{password}\n")

    def count(self, method: str) -> int:
        return sum(seen == method for seen, _ in self.seen)


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def run_radicale(folder: Path) -> Iterator[Radicale]:
    # Each process of the tests imports this module, and one runs its tests.
    from radicale import config  # noqa: PLC0415
    from radicale.app import Application  # noqa: PLC0415

    server = Radicale(folder / "radicale")
    server.folder.mkdir()
    server.add_collection("contacts", "VADDRESSBOOK", "My [b]people")
    server.set_password(PASSWORD)
    settings = config.load()
    settings.update(
        {
            "auth": {
                "type": "htpasswd",
                "htpasswd_filename": str(server.folder / "users"),
                "htpasswd_encryption": "plain",
                "delay": "0",
            },
            "storage": {"filesystem_folder": str(server.folder)},
        },
        "test",
    )
    app: Any = Application(settings)

    def recorded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        server.seen.append((environ["REQUEST_METHOD"], environ.get("HTTP_AUTHORIZATION", "")))
        answer: Iterable[bytes] = app(environ, start_response)
        return answer

    with make_server("127.0.0.1", 0, recorded, handler_class=_Quiet) as http:
        server.port = http.server_port
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        http.shutdown()
        thread.join()


def card(name: str, slug: str, birthday: str = "", *, extra: str = "") -> str:
    born = f"BDAY:{birthday}\r\n" if birthday else ""
    return (
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{slug}\r\nFN:{name}\r\nN:;{name};;;\r\n{born}"
        f"URL:https://sandbox.test/in/{slug}\r\n{extra}END:VCARD\r\n"
    )
