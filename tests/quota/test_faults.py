"""What happens when Redis, the way to it or an answer is lost. Any doubt raises: no answer, no action."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import redis

from api_stub.stack.ports import free_port
from tests.quota.purses import a_purse
from worker import clock
from worker.errors import Reason, TryAgainError
from worker.quota import guard
from worker.quota.guard import Guard, Remaining, Verdict
from worker.rules.windows import Day


class CuttingProxy:
    """Passes everything on, until told to let a request through and cut the line instead of the reply."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._behind = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        at = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = parts._replace(netloc=f":{parts.password}@{at}" if parts.password else at).geturl()
        self.cut_next = False
        self.cuts = 0
        self._thread = threading.Thread(target=self._serve, name="cutting proxy")
        self._thread.start()

    def _serve(self) -> None:
        # One client at a time is all that the tests need.
        with suppress(OSError):
            while True:
                front, _ = self._listener.accept()
                with front, socket.create_connection(self._behind) as back:
                    self._pass_on(front, back)

    def _pass_on(self, front: socket.socket, back: socket.socket) -> None:
        while request := front.recv(1 << 16):
            cut = self.cut_next and b"EVALSHA" in request
            back.sendall(request)
            reply = back.recv(1 << 16)
            if cut:
                assert reply
                self.cut_next = False
                self.cuts += 1
                return
            front.sendall(reply)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        assert not self._thread.is_alive()


@contextmanager
def through_a_proxy(url: str) -> Iterator[tuple[Guard, CuttingProxy]]:
    proxy = CuttingProxy(url)
    client = guard.connect(proxy.url)
    try:
        yield Guard(client), proxy
    finally:
        client.close()
        proxy.close()


def test_after_a_lost_reply_asking_again_is_a_replay_and_one_unit_is_gone(quota_url: str) -> None:
    purse = a_purse(run=5, day=5, week=5)
    with through_a_proxy(quota_url) as (quota, proxy):
        assert quota.remaining(purse) == Remaining(5, 5, 5)
        proxy.cut_next = True
        with pytest.raises(TryAgainError) as lost:
            quota.reserve(purse, "a")
        assert lost.value.reason is Reason.QUOTA_UNREADABLE
        assert proxy.cuts == 1
        assert quota.reserve(purse, "a").verdict is Verdict.REPLAY
        assert quota.remaining(purse) == Remaining(4, 4, 4)


def test_after_a_lost_reply_giving_back_again_gives_back_once(quota_url: str) -> None:
    purse = a_purse(day=5)
    with through_a_proxy(quota_url) as (quota, proxy):
        quota.reserve(purse, "a")
        quota.reserve(purse, "b")
        proxy.cut_next = True
        with pytest.raises(TryAgainError):
            quota.release(purse, "a")
        assert quota.release(purse, "a").verdict is Verdict.ABSENT
        assert quota.remaining(purse).day == 4


def test_a_server_that_forgot_the_script_is_given_it_again(quota: Guard, raw: redis.Redis) -> None:
    purse = a_purse(day=3)
    quota.reserve(purse, "a")
    raw.script_flush()
    assert quota.reserve(purse, "b").verdict is Verdict.GRANTED
    raw.script_flush()
    assert quota.reserve(purse, "b").verdict is Verdict.REPLAY
    assert quota.remaining(purse).day == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda quota: quota.reserve(a_purse(), "a"),
        lambda quota: quota.release(a_purse(), "a"),
        lambda quota: quota.remaining(a_purse()),
    ],
    ids=["reserve", "release", "remaining"],
)
def test_without_redis_there_is_no_answer(ask: Callable[[Guard], object]) -> None:
    client = guard.connect(f"redis://127.0.0.1:{free_port()}/0")
    quota = Guard(client)
    with pytest.raises(TryAgainError) as refused:
        ask(quota)
    assert refused.value.reason is Reason.QUOTA_UNREADABLE
    client.close()


@pytest.mark.parametrize("key", ["log", "gate", "run"])
def test_a_key_that_cannot_be_read_gives_no_answer(quota: Guard, raw: redis.Redis, key: str) -> None:
    purse = a_purse()
    quota.reserve(purse, "a")
    (spoiled,) = raw.keys(f"*:{key}*")
    raw.delete(spoiled)
    raw.hset(spoiled, "not", "ours")
    with pytest.raises(TryAgainError) as refused:
        quota.reserve(purse, "b")
    assert refused.value.reason is Reason.QUOTA_UNREADABLE


def test_a_wrong_password_gives_no_answer_and_is_not_told(quota_url: str) -> None:
    parts = urlsplit(quota_url)
    client = guard.connect(f"redis://nobody:wrong-secret@{parts.hostname}:{parts.port}/0")
    with pytest.raises(TryAgainError) as refused:
        Guard(client).reserve(a_purse(), "a")
    assert "wrong-secret" not in str(refused.value)
    client.close()


def test_a_day_on_which_nobody_agrees_gives_no_answer(
    quota: Guard, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = clock.now() - timedelta(days=30)
    monkeypatch.setattr(guard, "local_day", lambda *_: Day(long_ago, long_ago + timedelta(days=1)))
    for ask in (quota.reserve, quota.release):
        with pytest.raises(TryAgainError) as refused:
            ask(a_purse(), "a")
        assert refused.value.reason is Reason.QUOTA_UNREADABLE
    assert raw.keys("*") == []


def test_the_client_never_repeats_a_call_by_itself(quota_url: str) -> None:
    with through_a_proxy(quota_url) as (quota, proxy):
        quota.remaining(a_purse())
        for _ in range(3):
            proxy.cut_next = True
            with pytest.raises(TryAgainError):
                quota.remaining(a_purse())
        assert proxy.cuts == 3
