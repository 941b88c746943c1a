"""Kombu's Redis transport, changed: only well-formed messages come in, and nothing ends or blocks its loop.

Every message is checked where its bytes leave Redis' connection, before Kombu or Celery look at it. What is
refused was popped and is not in `unacked`, so nothing of it is left in Redis. It is logged, counted, and
handed to whoever keeps it.

A key of ours may also be of another kind, such as a string where the list of a queue has to be. Redis refuses
each command on it, which would end the worker after every restart, so such a key is renamed.

redis-py reads a subscription without any time limit, whatever socket_timeout says, and Kombu calls that from
a worker's event loop whenever it believes the socket to be readable. After Redis was away, or a connection
half-open, it sometimes isn't: workers then sat in that read for ever and took no task, though they had
reconnected (seen with Kombu 5.7.0 and redis-py 8.1.0).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import redis as redis_py
from kombu.transport import TRANSPORT_ALIASES, _transport_cache, redis
from redis.client import PubSub

from worker import clock, logs, metrics
from worker.messages.broadcast import check_command, check_event, check_reply
from worker.messages.envelope import check_unacked
from worker.messages.refused import describe_refused
from worker.messages.task import check_task
from worker.rules.wire.refusals import MessageRefusedError, RefusedMessage

log = logs.get_logger(__name__)

_AT_MOST_S: Final = 1.0
_MAKE_WAY: Final = """
local found = redis.call('TYPE', KEYS[1]).ok
if found ~= 'none' and found ~= ARGV[1] then
    redis.call('RENAME', KEYS[1], KEYS[2])
    return found
end
"""
_REPLIES: Final = ".reply.celery.pidbox"
_BROADCASTS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "celery.pidbox": check_command,
    "celeryev": check_event,
}
"""Fanout exchanges of Celery's, by their default names."""


@dataclass
class _Handlers:
    """What this process adds to the check, set once when it starts."""

    is_task: Callable[[str], bool]
    keep: Callable[[RefusedMessage], None]


_handlers = _Handlers(is_task=lambda _: True, keep=lambda _: None)


def admits(check: Callable[[bytes], None], queue: str, raw: bytes) -> bool:
    """Return whether a message is well-formed; one that is not is logged, counted and kept."""
    try:
        check(raw)
    except MessageRefusedError as refused:
        message = describe_refused(queue, raw, refused, now=clock.now())
        metrics.MESSAGES_REFUSED.labels(message.reason).inc()
        log.error(  # noqa: TRY400 -- a traceback of ours tells nothing of it
            "message_refused", queue=queue, reason=message.reason, detail=message.detail, task=message.task,
            message_id=message.message_id, origin=message.origin, size_bytes=message.size_bytes,
            sha256=message.sha256,
        )  # fmt: skip
        _handlers.keep(message)
        return False
    return True


class Client(redis_py.Redis):
    """A connection whose queues yield well-formed messages only."""

    admits: Callable[[bytes, bytes], bool]

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:  # noqa: ANN401 -- redis-py's signature
        """Return Redis' answer; a refused message is as if the queue had been empty."""
        answer = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]  # untyped there
        if command_name == "BRPOP" and answer and not self.admits(*answer):
            return None
        return answer


class BoundedPubSub(PubSub):
    """A subscription whose reads give up after a second, and that yields well-formed messages only."""

    def parse_response(self, block: bool = True, timeout: float = _AT_MOST_S) -> Any:  # noqa: ANN401 -- redis-py's signature
        """Return the next message, or None where there is none."""
        answer = super().parse_response(block=False, timeout=timeout)  # type: ignore[no-untyped-call]  # untyped there
        if not answer or answer[0] not in {b"message", b"pmessage"}:
            return answer
        channel, raw = answer[-2].decode(errors="replace"), answer[-1]
        exchange = channel.partition(".")[2].partition("/")[0]  # such as /0.celeryev/worker.heartbeat
        check = _BROADCASTS.get(exchange)
        return answer if check is None or admits(check, exchange, raw) else None


class QoS(redis.QoS):
    """Kombu's record of unacknowledged messages. A broken entry does not keep the others from coming back."""

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:  # noqa: ANN401 -- Kombu's signature
        """Put a message back into its queue. A broken entry, which would raise each time, is dropped."""
        with self.channel.conn_or_acquire(client) as connection:
            entry = connection.hget(self.unacked_key, tag)
            if entry is None or admits(check_unacked, self.unacked_key, entry):
                super().restore_by_tag(tag, connection, leftmost)  # type: ignore[no-untyped-call]  # untyped there
            else:
                self._remove_from_indices(tag).execute()  # type: ignore[no-untyped-call]  # untyped there


class Channel(redis.Channel):
    """A channel that lets only well-formed messages in."""

    QoS = QoS

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 -- Kombu's signature
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]  # untyped there
        self._make_way(self.unacked_key, "hash")
        self._make_way(self.unacked_index_key, "zset")

    def _queue_bind(self, exchange: str, *args: Any) -> None:  # noqa: ANN401 -- Kombu's signature
        self._make_way(self.keyprefix_queue % exchange, "set")
        super()._queue_bind(exchange, *args)  # type: ignore[no-untyped-call]  # untyped there

    def _new_queue(self, queue: str, auto_delete: bool = False, **kwargs: Any) -> None:  # noqa: ANN401 -- Kombu's signature
        for priority in self.priority_steps:
            self._make_way(self._q_for_pri(queue, priority), "list")  # type: ignore[no-untyped-call]  # untyped there
        super()._new_queue(queue, auto_delete, **kwargs)  # type: ignore[no-untyped-call]  # untyped there

    def _make_way(self, key: str, kind: str) -> None:
        """Move a key aside that is not of this kind: commands on it would fail, after each restart too."""
        aside = f"rapport:refused:{key}"
        with self.conn_or_acquire() as client:
            found = client.eval(_MAKE_WAY, 2, key, aside, kind)
        if found:
            log.error("key_moved_aside", key=key, was=found.decode(), wanted=kind, moved_to=aside)

    def _get_client(self) -> type[Client]:
        super()._get_client()  # type: ignore[no-untyped-call]  # untyped there; refuses a redis-py that is too old
        return Client

    def _create_client(self, asynchronous: bool = False) -> Client:
        client: Client = super()._create_client(asynchronous)  # type: ignore[no-untyped-call]  # untyped there
        client.admits = self._admits
        return client

    def _admits(self, key: bytes, raw: bytes) -> bool:
        queue = key.decode().rsplit(self.sep, 1)[0]
        check = (
            check_reply
            if queue.endswith(_REPLIES)
            else partial(check_task, now=clock.now(), is_task=_handlers.is_task)
        )
        if admits(check, queue, raw):
            return True
        self._queue_cycle.rotate(queue)  # many in one queue must not hold up the others
        return False

    @cached_property
    def subclient(self) -> BoundedPubSub:
        """The connection that fanout messages (remote control, gossip) come in by."""
        return BoundedPubSub(self._create_client(asynchronous=True).connection_pool)


class Transport(redis.Transport):
    """What redis:// means in our processes."""

    Channel = Channel
    connection_errors = (*redis.Transport.connection_errors, redis_py.ResponseError)
    """Celery connects anew after these. An answer such as WRONGTYPE or READONLY would end the worker."""


def install(*, is_task: Callable[[str], bool] | None = None) -> None:
    """Use this transport for redis:// and rediss:// addresses; `is_task` knows the names that may come in."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = "worker.broker:Transport"
        _transport_cache.pop(scheme, None)  # filled by a connection that was made before
    if is_task is not None:
        _handlers.is_task = is_task


def set_refusal_handler(keep: Callable[[RefusedMessage], None]) -> None:
    """Hand what is refused to `keep` from now on. The event loop calls it: it must not wait or raise."""
    _handlers.keep = keep
