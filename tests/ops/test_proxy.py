"""The shipped examples of a reverse proxy, in the real programs, in front of the real Flower and HTTP API."""

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType
from typing import Final

import httpx
import pytest

from api_stub.stack.servers.ports import check_tcp, find_free_port
from tests.cluster import untraced, wait_for
from tests.databases import ReusedDatabase
from tests.http.conftest import KEY
from tests.http.server import Door, open_door
from tests.ops.test_flower import AUTH, run_flower
from tests.servers import Servers
from tests.tls import certificate
from worker.browser.pool import BrowserPool

pytestmark = pytest.mark.soak  # its machine has both proxies

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "ops" / "proxy"
API: Final = "rapport.example.org"
FLOWER: Final = "flower.localhost"
OPERATOR: Final = ("operator", "of-the-operator")
VIEWER: Final = ("viewer", "of-a-viewer")
GUEST: Final = ("guest", "of-a-viewer")
"""A user whom the example doesn't name."""
HASHES: Final = {
    OPERATOR[1]: "$2b$04$abcdefghijklmnopqrstuufm0OTlh3UEUhxXyTN21eN3Ugz7Sp9dy",
    VIEWER[1]: "$2b$04$abcdefghijklmnopqrstuuyARvqSKa4gYbPJX3vSELAIAoc4eVd56",
}
BASIC: Final = base64.b64encode(":".join(AUTH).encode()).decode()


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    challenge: str | None
    text: str


@dataclass(frozen=True)
class Proxied:
    """A proxy's address, and what it stands for."""

    port: int

    @property
    def flower(self) -> str:
        return f"http://{FLOWER}:{self.port}"

    def ask(
        self,
        host: str,
        method: str,
        path: str,
        who: tuple[str, str] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Send one request to the proxy, with the path exactly as given."""
        if who is not None:
            password = base64.b64encode(":".join(who).encode()).decode()
            headers = {"Authorization": f"Basic {password}", **headers}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, headers={"Host": f"{host}:{self.port}", **headers})
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheader("WWW-Authenticate"), answer.read().decode())


@pytest.fixture(scope="module")
def flower(servers: Servers) -> Iterator[httpx.Client]:
    with run_flower(servers.redis_url) as client:
        yield client


@pytest.fixture(scope="module")
def door(
    servers: Servers, reused_database: ReusedDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    with open_door(
        folder, reused_database.url, servers.redis_url,
        public_url=f"https://{API}", trusted_proxies="127.0.0.1",
    ) as door:  # fmt: skip
        yield door


def render(text: str, port: int, api: int, flower: int) -> str:
    """Return an example with the test's names and ports."""
    named = text.replace("flower.example.org", FLOWER)
    return named.replace("127.0.0.1:8000", f"127.0.0.1:{api}").replace(
        "127.0.0.1:5555", f"127.0.0.1:{flower}"
    )


def caddy(folder: Path, text: str, *, port: int | None) -> tuple[list[str], dict[str, str]]:
    """Return the command that runs, or without a port only checks, a Caddyfile, and its environment."""
    if port is not None:
        text = re.sub(r"^([\w.]+) \{$", rf"http://\1:{port} {{", text, flags=re.MULTILINE)
        text = text.replace("\t\tviewer ", "\t\tguest {$FLOWER_VIEWER}\n\t\tviewer ")
    file = folder / "Caddyfile"
    file.write_text("{\n\tadmin off\n}\n" + text)
    env = {
        **untraced(),
        "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
        "FLOWER_OPERATOR": HASHES[OPERATOR[1]], "FLOWER_VIEWER": HASHES[VIEWER[1]], "FLOWER_BASIC": BASIC,
    }  # fmt: skip
    return [
        "caddy",
        "validate" if port is None else "run",
        "--config",
        str(file),
        "--adapter",
        "caddyfile",
    ], env


def nginx(folder: Path, text: str, *, port: int | None) -> tuple[list[str], dict[str, str]]:
    """Return the command that runs, or without a port only checks, an example for nginx."""
    made = certificate(folder, "rapport", for_loopback=True)
    files = {
        "rapport.pem": made.file,
        "rapport.key": made.key,
        "flower.users": folder / "flower.users",
        "flower.password": folder / "flower.password",
    }
    users = "".join(f"{name}:{HASHES[word]}\n" for name, word in (OPERATOR, VIEWER, GUEST))
    files["flower.users"].write_text(users)
    files["flower.password"].write_text(f'proxy_set_header Authorization "Basic {BASIC}";\n')
    for name, path in files.items():
        text = text.replace(f"/etc/nginx/{name}", str(path))
    if port is not None:
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    temporary = "".join(
        f"{kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # who else could not read the test's folder
    file = folder / "nginx.conf"
    file.write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{text}}}\n"
    )
    return ["nginx", *(["-t"] if port is None else []), "-c", str(file), "-p", str(folder)], untraced()


PROXIES: Final[dict[str, tuple[Callable[..., tuple[list[str], dict[str, str]]], str]]] = {
    "caddy": (caddy, "Caddyfile"),
    "nginx": (nginx, "nginx.conf"),
}
installed = pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"needs {name}: apt install {name}"),
        )
        for name in PROXIES
    ],
)


@installed
def test_the_example_is_valid_as_it_is_shipped(name: str, tmp_path: Path) -> None:
    prepare, example = PROXIES[name]
    command, env = prepare(tmp_path, (EXAMPLES / example).read_text(), port=None)
    checked = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.fixture
def proxied(name: str, tmp_path: Path, flower: httpx.Client, door: Door) -> Iterator[Proxied]:
    prepare, example = PROXIES[name]
    port = find_free_port()
    text = render((EXAMPLES / example).read_text(), port, door.port, flower.base_url.port or 0)
    command, env = prepare(tmp_path, text, port=port)
    with subprocess.Popen(command, env=env) as process:
        try:

            def listens() -> bool:
                assert process.poll() is None
                return check_tcp(port)()

            wait_for(name, listens)
            yield Proxied(port)
        finally:
            process.terminate()


@installed
def test_a_viewer_sees_flower_and_presses_nothing(proxied: Proxied, browser_pool: BrowserPool) -> None:
    revoke = "/api/task/revoke/an-id"
    elsewhere = "/../../../../tasks/datatable"

    for who, method, path, status in (
        (None, "GET", "/", 401),
        (None, "GET", "/metrics", 401),
        (None, "POST", revoke, 401),
        (("viewer", "a-guess"), "GET", "/", 401),
        (("operator", "a-guess"), "POST", revoke, 401),
        (("", "of-a-viewer"), "POST", revoke, 401),
        (VIEWER, "GET", "/", 200),
        (VIEWER, "GET", "/metrics", 200),
        (VIEWER, "POST", revoke, 403),
        (VIEWER, "POST", "/api/worker/shutdown/a@b", 403),
        (VIEWER, "POST", "/api/worker/shutdown/a:GET:b", 403),
        (VIEWER, "POST", f"{revoke}{elsewhere}", 403),
        (VIEWER, "POST", f"{revoke}?to=/tasks/datatable", 403),
        (GUEST, "GET", "/", 200),
        (GUEST, "POST", revoke, 403),
        (OPERATOR, "POST", revoke, 200),
    ):
        sent = {"Origin": proxied.flower} if method == "POST" else {}
        answer = proxied.ask(FLOWER, method, path, who, sent)
        assert answer.status == status, (who, method, path, answer)
        assert (answer.challenge is not None) == (status == 401)

    credentials = {"username": VIEWER[0], "password": VIEWER[1]}
    with browser_pool._get_browser().new_context(http_credentials=credentials) as context:  # type: ignore[arg-type]  # a TypedDict
        page = context.new_page()
        with page.expect_response("**/tasks/datatable") as listed:
            page.goto(f"{proxied.flower}/tasks")
        assert listed.value.ok


@installed
def test_the_api_keeps_its_keys_and_streams_at_once(proxied: Proxied) -> None:
    key = {"X-API-Key": KEY}
    assert proxied.ask(API, "GET", "/metrics").status == 401
    assert "rapport_" in proxied.ask(API, "GET", "/metrics", headers=key).text
    events = f"http://127.0.0.1:{proxied.port}/v1/events"
    host = {"Host": f"{API}:{proxied.port}", "Accept": "text/event-stream"}
    with httpx.stream("GET", events, headers=key | host, timeout=20) as stream:
        assert stream.status_code == 200
        assert next(stream.iter_lines())


def test_the_console_page_shows_a_valid_caddyfile(tmp_path: Path) -> None:
    if shutil.which("caddy") is None:
        pytest.skip("needs caddy: apt install caddy")
    found = re.search(r"```\n(example\.org \{.*?)```", (ROOT / "docs" / "console.md").read_text(), re.DOTALL)
    assert found
    command, env = caddy(tmp_path, found[1], port=None)
    checked = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
