"""Real servers for the tests: a Postgres and a Redis of the run's own, on free ports."""

import gc
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import date, timedelta
from functools import partial
from http.client import HTTPConnection
from importlib import import_module
from multiprocessing.util import Finalize
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import redis
from hypothesis import settings
from playwright.sync_api import expect
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.environment import set_environment
from api_stub.stack.servers import ports
from api_stub.stack.servers.ports import find_free_port
from db import bounded_connection, engine
from db.engine import Database
from tests.databases import KeptConnections, ReusedDatabase, ReusedEngines
from tests.folders import are_kept
from tests.network import fill
from tests.servers import Servers, copy_cluster, own_servers, servers_of_environment
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool

TESTS = Path(__file__).parent
TOGETHER = "tests/faults/"
"""Tests that share what takes longest to start, so one process runs them all."""
LONGEST_FIRST = (
    TOGETHER, "tests/e2e/",
    "tests/browser/linkedin/test_linkedin_sending.py", "tests/cli/stack/test_running.py",
    "tests/messages/test_workers.py", "tests/browser/linkedin/test_sending_traps.py", "tests/replica/",
    "tests/tasks/", "tests/browser/",
    "tests/stack/", "tests/quota/", "tests/cli/",
)  # fmt: skip


gc.disable()  # until all tests are collected: what is made until then stays to the end


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Collect garbage again, without looking at what was there before the tests each time."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # tests make many objects, and nearly all of them are freed without it
    gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C reach the programs that tests start, and give the run one folder for temporary files.

    A shell starts what runs in the background with SIGINT ignored, and programs inherit that. The folder is
    removed at the end: killed browsers leave theirs behind.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if worker := getattr(config, "workerinput", None):  # a process of the run, which inherits the folder
        share_ports(int(worker["workerid"].removeprefix("gw")), worker["workercount"])
        return
    folder = Path(tempfile.mkdtemp(prefix="rapport-run-"))
    folder.chmod(0o711)  # under root, Postgres runs as another user
    set_environment({"TMPDIR": str(folder)})
    tempfile.tempdir = None  # to be asked for again
    if are_kept():
        return
    # after multiprocessing has removed its own folder in it, which it does at priority -100
    Finalize(None, shutil.rmtree, [folder], {"ignore_errors": True}, exitpriority=-200)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Let each process of a whole run begin to import at another place.

    In a new clone every module is compiled, and Hypothesis reads its constants. Processes that import in one
    order would all do that at the same moment; so each reads what the others have written meanwhile.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or [Path(each).absolute() for each in session.config.args] != [TESTS]:
        return
    number, count = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    for path in sorted(TESTS.rglob("test_*.py"))[number::count]:
        import_module(".".join(path.relative_to(TESTS.parent).with_suffix("").parts))


def share_ports(number: int, count: int) -> None:
    """Give each process of the run ports of its own: a free port may be bound seconds after it was chosen."""
    everybody = vars(ports)["_CANDIDATES"]
    vars(ports)["_CANDIDATES"] = everybody[number::count]


class SharedStarts(LoadScopeScheduling):
    """Runs each file in one process, and all files below TOGETHER in the same one."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStarts:
    return SharedStarts(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first, so that the run doesn't end with one busy process."""

    def place(item: pytest.Item) -> int:
        matching = (n for n, path in enumerate(LONGEST_FIRST) if item.nodeid.startswith(path))
        return next(matching, len(LONGEST_FIRST))

    items.sort(key=place)


settings.register_profile("rapport", deadline=None, max_examples=50)  # a busy machine is no bug
settings.register_profile("thorough", deadline=None, max_examples=1_000)
settings.load_profile("rapport")
expect.set_options(timeout=30_000)  # ms, for the same reason


def migrated_cluster() -> Path:
    """Return the folder of the Postgres that all processes of the run copy; see `copy_cluster`."""
    return Path(tempfile.gettempdir()) / "migrated"  # in the folder of the run


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """One Postgres and one Redis for the whole run: those of the environment, or our own."""
    given = servers_of_environment()
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="rapport-tests-") as folder:
        copy_cluster(migrated_cluster(), Path(folder) / "data")
        with own_servers(Path(folder)) as own:
            yield own


@pytest.fixture(scope="session")
def kept_connections() -> KeptConnections:
    return KeptConnections()


@pytest.fixture(scope="session")
def reused_database(servers: Servers, kept_connections: KeptConnections) -> Iterator[ReusedDatabase]:
    """The one database of this process, which has been cleaned."""
    database = ReusedDatabase(servers, kept_connections)
    yield database
    database.drop()


@pytest.fixture(scope="session", autouse=True)
def _reused_engines(kept_connections: KeptConnections) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        reused = ReusedEngines(engine.create_bounded_engine)
        patch.setattr(engine, "create_bounded_engine", reused.create)
        connect = partial(kept_connections.connect, bounded_connection.BoundedConnection.connect)
        patch.setattr(bounded_connection.BoundedConnection, "connect", connect)
        yield


@pytest.fixture
def database_url(reused_database: ReusedDatabase) -> Iterator[str]:
    """A migrated database without rows, for this test alone."""
    yield reused_database.url
    reused_database.clean()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, application_name="tests")
    yield database
    database.close()


@pytest.fixture
def redis_url(servers: Servers) -> Iterator[str]:
    """The shared Redis, empty before and after."""
    client = redis.Redis.from_url(servers.redis_url)
    client.flushall()
    yield servers.redis_url
    client.flushall()
    client.close()


KEY = "a-key-for-the-tests"
TIMEOUT = timedelta(seconds=30)
"""For what happens; a test in which something does not happen has a short wait of its own."""
OPEN_PAGES = 4
"""How many pages of the run's Chromium stay open: a test may hold those of several accounts."""
StartSandbox = Callable[[Path, str | None], tuple[subprocess.Popen[str], SandboxClient]]


def _start(state: Path, today: str | None) -> tuple[subprocess.Popen[str], SandboxClient]:
    port = find_free_port()
    command = [sys.executable, "-m", "api_stub.sandbox", "--port", str(port), "--state", str(state)]
    process = subprocess.Popen(
        [*command, *(["--today", today] if today else [])], stdin=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(f"{KEY}\n")
    process.stdin.close()
    client = SandboxClient(f"http://127.0.0.1:{port}", KEY)
    while not client.is_healthy():
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            pytest.fail(f"the sandbox ended with {process.returncode}")
    return process, client


@pytest.fixture(scope="session")
def start_sandbox() -> Iterator[StartSandbox]:
    """Starts a sandbox on a state file, on a fixed day or on the real one; ends them all at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(state: Path, today: str | None) -> tuple[subprocess.Popen[str], SandboxClient]:
        if not state.exists():
            fill(state, date.fromisoformat(today) if today else None)
        process, client = _start(state, today)
        started.append(process)
        return process, client

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(60)


@pytest.fixture(scope="session")
def browser_pool() -> Iterator[BrowserPool]:
    """The one Chromium of the run: Playwright allows one of its loops in a thread."""
    with BrowserPool(chromium=find_chromium(), timeout=TIMEOUT, open_pages=OPEN_PAGES) as browser_pool:
        yield browser_pool


def signed_in(client: SandboxClient, member: str) -> str:
    """Sign a member in without a browser: the storage state that one would have then."""
    address = urlsplit(client.base_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=60)
    with closing(connection):
        form = urlencode({"name": member, "password": "demo-password", "next": "/"})
        connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        name, _, rest = (answer.getheader("Set-Cookie") or "").partition("=")
    assert answer.status == 303
    cookie = {
        "name": name, "value": rest.partition(";")[0], "domain": address.hostname, "path": "/",
        "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax",
    }  # fmt: skip
    return json.dumps({"cookies": [cookie], "origins": []})
