"""rediss:// means the same to every client: nothing is sent before the server is verified."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from celery import Celery
from flower.utils.broker import Broker
from kombu.exceptions import OperationalError

from api_stub.checks import servers
from api_stub.client import TaskClient
from api_stub.http.routes.health import check_redis
from api_stub.stack.environment import inherited_environment
from tasks.contract import Tick
from tests.cluster import run_apart, wait_for
from tests.tls import Certificate, TlsProxy, certificate
from worker import queues
from worker.celery_extensions import broker
from worker.errors import TryAgainError
from worker.quota import redis_quota
from worker.servers import redis_address
from worker.servers.redis_address import RedisAddress
from worker.settings import Settings, get_settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "trusted", for_loopback=True)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "elsewhere", for_loopback=False)


@pytest.fixture
def server(redis_url: str, trusted: Certificate) -> Iterator[TlsProxy]:
    with TlsProxy(redis_url, trusted) as proxy:
        yield proxy


def quota(address: RedisAddress) -> None:
    with redis_quota.connect(address) as client:
        client.ping()


def workers_and_beat(address: RedisAddress) -> None:
    broker.install()
    app = Celery(set_as_current=False)
    app.conf.update(address.broker_settings())
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)
        connection.default_channel.client.ping()


def enqueuing(address: RedisAddress) -> None:
    client = TaskClient(address)
    try:
        client.send("tasks.dispatch", Tick(), correlation_id="x")
    finally:
        client.close()


def flower(address: RedisAddress) -> None:
    app = Celery(set_as_current=False)
    app.conf.update(address.broker_settings())
    with app.connection() as connection:  # as flower.app and flower.views do
        url = connection.as_uri(include_password=True)
    asked = Broker(url, broker_options={}, broker_use_ssl=app.conf.broker_use_ssl)
    run_apart(lambda: asked.queues(["control"]))


CLIENTS = (quota, workers_and_beat, enqueuing, flower)
REFUSALS = (redis.ConnectionError, OperationalError, TryAgainError)
Ask = Callable[[RedisAddress], None]


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_server_that_nobody_vouches_for_hears_nothing(server: TlsProxy, ask: Ask) -> None:
    with pytest.raises(REFUSALS, match="CERTIFICATE_VERIFY_FAILED"):
        ask(redis_address.parse(server.url))
    assert server.said == b""


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_server_with_another_s_certificate_hears_nothing(
    redis_url: str, elsewhere: Certificate, ask: Ask
) -> None:
    with TlsProxy(redis_url, elsewhere) as server:
        with pytest.raises(REFUSALS, match="CERTIFICATE_VERIFY_FAILED"):
            ask(redis_address.parse(f"{server.url}?ssl_ca_certs={quote(str(elsewhere.file))}"))
        assert server.said == b""


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_server_that_our_authority_vouches_for_is_used(
    server: TlsProxy, trusted: Certificate, ask: Ask
) -> None:
    ask(redis_address.parse(f"{server.url}?ssl_ca_certs={quote(str(trusted.file))}"))
    assert b"AUTH" in server.said


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_client_shows_its_own_certificate(
    redis_url: str, trusted: Certificate, elsewhere: Certificate, ask: Ask
) -> None:
    own = f"&ssl_certfile={quote(str(elsewhere.file))}&ssl_keyfile={quote(str(elsewhere.key))}"
    ours = f"?ssl_ca_certs={quote(str(trusted.file))}"
    with TlsProxy(redis_url, trusted, asks_for=elsewhere) as server:
        with pytest.raises(REFUSALS):
            ask(redis_address.parse(server.url + ours))
        assert server.said == b""
    with TlsProxy(redis_url, trusted, asks_for=elsewhere) as server:
        ask(redis_address.parse(server.url + ours + own))
        assert b"AUTH" in server.said


@pytest.mark.parametrize("ask", CLIENTS)
@pytest.mark.parametrize("off", ["ssl_cert_reqs=none", "ssl_check_hostname=false"])
def test_who_says_so_talks_to_anybody(redis_url: str, elsewhere: Certificate, off: str, ask: Ask) -> None:
    with TlsProxy(redis_url, elsewhere) as server:
        url = f"{server.url}?{off}&ssl_ca_certs={quote(str(elsewhere.file))}"
        with pytest.raises(ValueError, match="RAPPORT_REDIS_TLS_UNVERIFIED"):
            redis_address.parse(url)
        ask(redis_address.parse(url, may_be_unverified=True))
        assert b"AUTH" in server.said


def test_the_doctor_says_what_is_wrong_with_the_certificate(
    redis_url: str, server: TlsProxy, elsewhere: Certificate
) -> None:
    with TlsProxy(redis_url, elsewhere) as misnamed:
        named = f"{misnamed.url}?ssl_ca_certs={quote(str(elsewhere.file))}"
        found = [servers.check_redis(redis_address.parse(url)) for url in (server.url, named)]
    assert [finding.ok for finding in found] == [False, False]
    said = [f"{finding.detail}: {finding.advice}" for finding in found]
    assert "no authority that is trusted here" in said[0]
    assert "ssl_ca_certs" in said[0]
    assert "another host name" in said[1]


def test_readiness_and_the_container_s_check_verify_too(
    redis_url: str, server: TlsProxy, trusted: Certificate, environment: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("ops_health", ROOT / "ops" / "health.py")
    assert spec is not None
    assert spec.loader is not None
    health = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(health)
    environment.setenv("REDIS_URL", server.url)
    get_settings.cache_clear()
    assert not check_redis(Settings()).ok
    assert "Redis does not answer" in health.check_worker("browser")
    assert server.said == b""
    with TlsProxy(redis_url, trusted) as known:  # another port: Kombu's pools are shared by address
        environment.setenv("REDIS_URL", f"{known.url}?ssl_ca_certs={quote(str(trusted.file))}")
        get_settings.cache_clear()
        assert check_redis(Settings()).ok
        assert "takes no messages" in health.check_worker("browser")
        get_settings.cache_clear()


def test_a_real_worker_works_over_tls(server: TlsProxy, trusted: Certificate) -> None:
    url = f"{server.url}?ssl_ca_certs={quote(str(trusted.file))}"
    command = [sys.executable, "-m", "api_stub.cli", "worker", "control", "--name", "over-tls"]
    env = {**inherited_environment(), "REDIS_URL": url, "DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x"}
    address = redis_address.parse(url)
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        wait_for("it to take messages", lambda: queues.take_snapshot_at(address).consumers_of("control"))
        running.terminate()


def test_beat_itself_says_nothing_to_a_server_that_nobody_vouches_for(
    server: TlsProxy,
) -> None:
    command = [sys.executable, "-m", "api_stub.cli", "beat"]
    env = {**inherited_environment(), "REDIS_URL": server.url}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as beat:
        wait_for("beat to connect", lambda: server.refused or server.said)
        beat.kill()
    assert server.said == b""
