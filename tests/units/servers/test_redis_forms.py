"""A Unix socket and Sentinels serve each client of REDIS_URL, with real servers."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from api_stub.client import TaskClient
from api_stub.stack.servers.ports import find_free_port
from tasks.contract import Tick
from tests.cluster import run_apart, wait_for
from tests.own_redis import (
    DEBIAN_REDIS,
    PASSWORD,
    SENTINEL_PASSWORD,
    RedisProcess,
    Watched,
    own_redis,
    watched_redis,
)
from tests.tls import certificate
from worker import queues
from worker.celery_extensions import broker
from worker.errors import TryAgainError
from worker.flower.handlers import QueueReader
from worker.quota import redis_quota
from worker.servers import redis_address, redis_permissions
from worker.servers.redis_address import RedisAddress

DATABASE = 3


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched_redis(tmp_path_factory.mktemp("sentinel"), DATABASE) as servers:
        yield servers


@pytest.fixture(scope="module")
def socket_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("A socket")
    with own_redis(folder / "data", f'unixsocket "{folder}/a redis.sock"'):
        yield f"unix://:{PASSWORD}@{quote(f'{folder}/a redis.sock')}?db={DATABASE}"


@pytest.fixture(params=["socket", "sentinel"])
def address(request: pytest.FixtureRequest) -> RedisAddress:
    if request.param == "socket":
        return redis_address.parse(request.getfixturevalue("socket_url"))
    return redis_address.parse(request.getfixturevalue("watched").url)


def celery_app(address: RedisAddress) -> Celery:
    broker.install()
    app = Celery(set_as_current=False)
    app.conf.update(**address.broker_settings(), broker_connection_retry=False)
    return app


def test_every_client_speaks_to_the_same_database(address: RedisAddress) -> None:
    with queues.connect(address) as client:
        client.flushdb()
        assert client.connection_pool.connection_kwargs["db"] == DATABASE
        assert redis_permissions.find_missing(client) == []
    sender = TaskClient(address)
    sender.send("tasks.dispatch", Tick(), correlation_id="x")
    sender.close()
    assert queues.take_snapshot_at(address).waiting["celery"].count == 1
    reader = QueueReader("", address=address, broker_options={})
    (seen,) = run_apart(lambda: reader.queues(["celery"]))
    assert seen["messages"] == 1
    with redis_quota.connect(address) as quota:
        assert quota.llen("celery") == 1
    with celery_app(address).connection_for_read() as connection:
        assert connection.default_channel.basic_get("celery", no_ack=True) is not None


def test_remote_control_shows_no_password(address: RedisAddress) -> None:
    with celery_app(address).connection() as connection:
        shown = {**connection.info(), "password": ""}  # as Celery's `inspect stats` hides it
        text = f"{shown} {connection.as_uri()} {connection!r} {address!r} {address}"
    assert PASSWORD not in text
    assert SENTINEL_PASSWORD not in text


def test_sentinels_are_asked_as_a_user_of_their_own(watched: Watched) -> None:
    own = f"sentinel_password={SENTINEL_PASSWORD}"
    as_user = watched.url.replace(own, "sentinel_user=watcher&sentinel_password=watchers")
    with watched.sentinel.client() as admin:
        admin.execute_command("ACL", "SETUSER", "watcher", "on", ">watchers", "allchannels", "+@all")
        with queues.connect(redis_address.parse(as_user)) as client:
            assert client.ping()
        admin.execute_command("ACL", "DELUSER", "watcher")
    with (
        queues.connect(redis_address.parse(as_user)) as client,
        pytest.raises(redis.ConnectionError, match="No master found"),
    ):
        client.ping()


@pytest.mark.skipif(DEBIAN_REDIS is None, reason="needs a redis-server with TLS (Debian: redis-server)")
def test_sentinels_and_server_with_tls_are_verified_and_used(tmp_path: Path) -> None:
    own = certificate(tmp_path, "own", for_loopback=True)
    server = RedisProcess(tmp_path / "server", find_free_port(), "", tls=own)
    watch = f"sentinel monitor main 127.0.0.1 {server.port} 1\nsentinel auth-pass main {PASSWORD}"
    sentinel = RedisProcess(
        tmp_path / "sentinel", find_free_port(), watch, ["--sentinel"], SENTINEL_PASSWORD, own
    )
    url = f"rediss+sentinel://:{PASSWORD}@127.0.0.1:{sentinel.port}/main/1?sentinel_password={SENTINEL_PASSWORD}"
    with ExitStack() as running:
        for each in (server, sentinel):
            running.callback(each.stop)
            each.start()
        verified = redis_address.parse(f"{url}&ssl_ca_certs={quote(str(own.file))}")
        for address, is_known in ((verified, True), (redis_address.parse(url), False)):
            with queues.connect(address) as client, celery_app(address).connection() as connection:
                if is_known:
                    assert client.ping()
                    assert connection.default_channel.client.ping()
                    continue
                with pytest.raises(redis.ConnectionError, match="No master found"):
                    client.ping()
                with pytest.raises(OperationalError, match="No master found"):
                    connection.ensure_connection(max_retries=1, interval_start=0)


def test_after_a_failover_the_queues_go_on_at_the_new_master(tmp_path: Path) -> None:
    with watched_redis(tmp_path) as servers:
        address = redis_address.parse(servers.url)
        app, sender = celery_app(address), TaskClient(address)
        connection = app.connection_for_read()
        connection.default_channel.client.ping()
        servers.fail_over()
        wait_for("the Sentinel's new answer", lambda: can_send(sender))
        connection.ensure_connection(max_retries=20)
        assert connection.default_channel.basic_get("celery", no_ack=True) is not None
        with servers.replica.client() as master:
            assert master.exists("_kombu.binding.celery")
        connection.close()
        sender.close()


def can_send(sender: TaskClient) -> bool:
    try:
        sender.send("tasks.dispatch", Tick(), correlation_id="x")
    except TryAgainError:
        return False
    return True
