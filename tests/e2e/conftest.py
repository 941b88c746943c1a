"""The whole system in real processes; pytest-celery's fixtures give the broker and the workers."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from celery import Celery
from cryptography.fernet import Fernet
from pytest_celery import CeleryBrokerCluster, CeleryTestBroker, CeleryWorkerCluster
from sqlalchemy import delete

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.ports import check_http, find_free_port
from db.engine import Database
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Account
from ops.monitoring.recording.servers import Prometheus, is_installed
from tests.builders import an_account
from tests.cluster import broker_node, worker_node
from tests.conftest import KEY, signed_in
from tests.folders import system_folder
from tests.network import fill, refill
from tests.servers import Servers
from worker.browser.chromium import find_chromium
from worker.celery_extensions.broker import install as install_broker
from worker.rules.quota.limits import Limits
from worker.secrets import Vault
from worker.settings import Settings

API_KEY = "an-api-key-for-tests"
FLOWER_AUTH = ("rapport", "a-flower-password")
QUICK = Limits(per_run=50, per_day=50, per_week=50, gap_min=timedelta(0), gap_max=timedelta(0))
"""Enough for everybody, with no gap."""


@dataclass(frozen=True)
class World:
    """The folders, ports and settings that all processes share."""

    settings: Settings
    env: Mapping[str, str]
    table: ProcessTable
    database: Database
    data: Path
    sandbox_port: int
    children: list[Child] = field(default_factory=list)


@pytest.fixture(scope="module")
def make_broker() -> Callable[[Path], CeleryTestBroker]:
    """Starts the broker of the module. A module may have another one."""
    return broker_node


@pytest.fixture(scope="module")
def more_settings() -> Mapping[str, object]:
    """Further settings of the processes of the module."""
    return {}


@pytest.fixture(scope="module")
def world(
    servers: Servers, make_broker: Callable[[Path], CeleryTestBroker], more_settings: Mapping[str, object]
) -> Iterator[World]:
    """One database and one data folder per module, whose processes are ended with it.

    The processes have the least rights: in Postgres the role of the processes, in Redis the access list of
    docs/deployment.md, which must have refused nothing in the end.
    """
    with system_folder("e2e") as data:
        broker = make_broker(data)
        database_name = f"e2e_{data.name[-8:].lower()}"
        servers.copy_template(database_name)
        database_url = servers.database_url_of(database_name)
        sandbox_port = find_free_port()
        env = {
            **inherited_environment(),
            **settings_environment(
                {
                    "database_url": urlsplit(servers.app_url)._replace(path=f"/{database_name}").geturl(),
                    "redis_url": broker.config()["url"],
                    "secret_keys": Fernet.generate_key().decode(),
                    "notice_keys": Fernet.generate_key().decode(),
                    "console_keys": Fernet.generate_key().decode(),
                    "api_key": API_KEY,
                    "mcp_key": "an-assistant-s-key-for-tests",
                    "flower_auth": ":".join(FLOWER_AUTH),
                    "sandbox_url": f"http://127.0.0.1:{sandbox_port}",
                    "sandbox_key": KEY,
                    "chromium": find_chromium(),
                    "evidence_dir": data / "evidence",
                    "metrics_dir": data / "metrics",
                    "open_metrics": True,
                    "action_time_limit": timedelta(seconds=30),
                    "dispatch_every": timedelta(seconds=1),
                    "settle_time": timedelta(seconds=1),
                    **more_settings,
                }
            ),
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            settings = Settings()
        database = Database(database_url, application_name="e2e tests")
        world = World(settings, env, ProcessTable(data), database, data, sandbox_port)
        world_broker[data] = broker
        yield world
        for child in world.children:
            child.request_stop()
        for child in world.children:
            child.stop(timedelta(seconds=10))
        with redis.Redis.from_url(broker.config()["admin_url"], decode_responses=True) as admin:
            refused = [(entry["reason"], entry["object"]) for entry in admin.acl_log()]
        broker.teardown()
        database.close()
        # The quota asks for INFO, and does without. After a restart the user is missing for a moment.
        assert all(entry == ("command", "info") or entry[0] == "auth" for entry in refused), refused


world_broker: dict[Path, CeleryTestBroker] = {}


@pytest.fixture(scope="module")
def celery_broker_cluster(world: World) -> CeleryBrokerCluster:
    """pytest-celery's broker, without Docker."""
    return CeleryBrokerCluster(world_broker[world.data])


@pytest.fixture(scope="module")
def celery_backend_cluster() -> None:
    """There is no result backend: results are in Postgres."""
    return


@pytest.fixture(scope="module")
def celery_setup_app(world: World) -> Celery:
    """A Celery app that knows only the broker."""
    install_broker()
    app = Celery("outsider")
    app.conf.update(world.settings.redis.broker_settings())
    return app


@pytest.fixture(scope="module")
def browsers() -> int:
    """How many browser workers the module has."""
    return 2


@pytest.fixture(scope="module")
def celery_worker_cluster(world: World, celery_setup_app: Celery, browsers: int) -> CeleryWorkerCluster:
    """Browser workers and a control worker, in real processes, and beat."""
    roles = {**{f"browser{n + 1}": "browser" for n in range(browsers)}, "control": "control"}
    nodes = [
        worker_node(world.table, name, role, world.env, celery_setup_app) for name, role in roles.items()
    ]
    start(world, "beat", "beat")
    world.children.extend(node.container.child for node in nodes)
    for node in nodes:
        node.wait_for_log(" ready.", timeout=60)
    return CeleryWorkerCluster(*nodes)


def start(world: World, name: str, *arguments: str) -> Child:
    """Start another process of Rapport."""
    child = world.table.start(name, [sys.executable, "-m", "api_stub.cli", *arguments], world.env)
    world.children.append(child)
    return child


@pytest.fixture(scope="module")
def api(world: World) -> str:
    port = find_free_port()
    child = start(world, "api", "api", "--port", str(port))
    child.wait_until(check_http(port, "/health"), timedelta(seconds=60))
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def prometheus(api: str, tmp_path: Path) -> Iterator[Prometheus | None]:
    """A real Prometheus that scrapes the API every two seconds, or None where it isn't installed."""
    if not is_installed():
        yield None
        return
    with Prometheus(
        tmp_path / "prometheus", find_free_port(), urlsplit(api).netloc, API_KEY, every_s=2
    ) as server:
        yield server


@pytest.fixture(scope="module")
def flower(world: World) -> str:
    port = find_free_port()
    child = start(world, "flower", "flower", "--port", str(port))
    child.wait_until(check_http(port, "/healthcheck"), timedelta(seconds=60))
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def clean(world: World) -> None:
    """Empty the tables before and after each test."""
    with world.database.transaction() as session:
        session.execute(delete(Account))


@pytest.fixture(scope="module")
def used_sandbox(world: World) -> tuple[Path, SandboxClient]:
    state = world.data / "sandbox.db"
    fill(state)
    child = start(world, "sandbox", "sandbox", "--port", str(world.sandbox_port), "--state", str(state))
    client = SandboxClient(f"http://127.0.0.1:{world.sandbox_port}", KEY)
    child.wait_until(client.is_healthy, timedelta(seconds=30))
    return state, client


@pytest.fixture
def sandbox(used_sandbox: tuple[Path, SandboxClient], clean: None) -> SandboxClient:
    """A practice network as new, on the port that all processes use."""
    state, client = used_sandbox
    refill(state)
    return client


@pytest.fixture
def account(world: World, sandbox: SandboxClient) -> AccountRecord:
    """The demo member, signed in, with high limits."""
    with world.database.transaction() as session:
        record = an_account(session, limits=QUICK)
        accounts.save_session(
            session, record.id, Vault(world.settings.required("secret_keys")).seal(signed_in(sandbox, "demo"))
        )
    return record
