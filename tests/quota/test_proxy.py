"""The proxy itself, which many tests trust: what it cuts is cut, and what it leaves works."""

import socket
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.proxy import Proxy


@pytest.fixture
def proxy(redis_url: str) -> Iterator[Proxy]:
    with Proxy(redis_url) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[redis.Redis]:
    """A client that has a connection already, and gives up at once."""
    with redis.Redis.from_url(proxy.url, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()
        yield client


def test_a_dead_connection_says_nothing_and_a_new_one_works(proxy: Proxy, client: redis.Redis) -> None:
    assert proxy.freeze() == 1
    with pytest.raises(redis.TimeoutError):
        client.ping()
    assert client.ping()


def test_a_reset_reaches_the_client(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as line:
        line.sendall(b"PING\r\n")
        assert line.recv(100)
        assert proxy.reset() == 1
        with pytest.raises(ConnectionResetError):
            line.recv(100)


def test_a_request_whose_answer_is_lost_was_carried_out(proxy: Proxy, client: redis.Redis) -> None:
    proxy.lose_reply(b"LPUSH")
    assert client.ping()
    with pytest.raises(redis.ConnectionError):
        client.lpush("list", "one")
    assert (proxy.caught, client.llen("list")) == (1, 1)


def test_a_request_on_a_line_that_dies_before_it_is_never_heard(proxy: Proxy, client: redis.Redis) -> None:
    proxy.freeze_before(b"LPUSH")
    with pytest.raises(redis.TimeoutError):
        client.lpush("list", "one")
    assert client.llen("list") == 0


def test_only_the_client_that_is_meant_is_struck(proxy: Proxy, client: redis.Redis) -> None:
    proxy.lose_reply(b"PING", ports={1})
    assert client.ping()
    assert proxy.armed
