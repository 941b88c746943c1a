"""Kombu's Redis transport, hardened: it accepts only well-formed messages, and its event loop can't block.

Every message is checked as it is read from Redis, before Kombu or Celery parse it. A refused one has been
popped and is not in `unacked`, so it leaves nothing in Redis. It is logged, counted and given to a handler.

A key may have the wrong type, such as a string where a queue's list belongs. Redis refuses every command on
it, which would end the worker after each restart, so the key is renamed.

redis-py reads from a subscription without a timeout, whatever socket_timeout says. Kombu does this in the
worker's event loop when it believes that the socket is readable. After an outage or on a half-open connection
that is sometimes wrong: workers that had reconnected blocked in this read for ever and took no task (seen
with Kombu 5.7.0 and redis-py 8.1.0). So the read has a timeout here.

Unix sockets and Sentinels are served by the same channel. Kombu's own way would show the password of a
socket, and those of Sentinels, in the answers to remote control.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import redis as redis_py
from kombu.transport import TRANSPORT_ALIASES, _transport_cache, redis
from redis.client import PubSub
from redis.sentinel import (
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from worker import clock, logs, metrics
from worker.messages.broadcast import check_command, check_event, check_reply
from worker.messages.envelope import check_unacked
from worker.messages.refused import describe_refused
from worker.messages.task import check_task
from worker.rules.wire.refusals import MessageRefusedError, RefusedMessage
from worker.servers import redis_clients
from worker.servers.redis_address import find_remembered

log = logs.get_logger(__name__)

_READ_TIMEOUT_S: Final = 1.0
_RENAME_WRONG_TYPE: Final = """
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
"""The checks of Celery's fanout exchanges, by their default names."""


@dataclass
class _Handlers:
    """What the checks need from this process, set once at start-up."""

    is_task: Callable[[str], bool]
    on_refused: Callable[[RefusedMessage], None]
    argument_names: Collection[str] = frozenset()


_handlers = _Handlers(is_task=lambda _: True, on_refused=lambda _: None)


def accept_message(check: Callable[[bytes], None], queue: str, raw: bytes) -> bool:
    """Return whether a message is well-formed. If not, log it, count it and pass it on."""
    try:
        check(raw)
    except MessageRefusedError as refused:
        message = describe_refused(queue, raw, refused, now=clock.now())
        metrics.MESSAGES_REFUSED.labels(message.reason).inc()
        log.error(  # noqa: TRY400 -- our traceback would add nothing
            "message_refused", queue=queue, reason=message.reason, detail=message.detail, task=message.task,
            message_id=message.message_id, origin=message.origin, size_bytes=message.size_bytes,
            sha256=message.sha256,
        )  # fmt: skip
        _handlers.on_refused(message)
        return False
    return True


class Client(redis_py.Redis):
    """A client whose queues only return well-formed messages."""

    accept_queued: Callable[[bytes, bytes], bool]

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:  # noqa: ANN401 -- redis-py's signature
        """Return Redis' reply; for a refused message, the reply of an empty queue."""
        answer = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]  # untyped there
        if command_name == "BRPOP" and answer and not self.accept_queued(*answer):
            return None
        return answer


class BoundedPubSub(PubSub):
    """A subscription whose reads time out after a second, and that only returns well-formed messages."""

    def parse_response(self, block: bool = True, timeout: float = _READ_TIMEOUT_S) -> Any:  # noqa: ANN401 -- redis-py's signature
        """Return the next message, or None if none came in time or it was refused."""
        answer = super().parse_response(block=False, timeout=timeout)  # type: ignore[no-untyped-call]  # untyped there
        if not answer or answer[0] not in {b"message", b"pmessage"}:
            return answer
        channel, raw = answer[-2].decode(errors="replace"), answer[-1]
        exchange = channel.partition(".")[2].partition("/")[0]  # such as /0.celeryev/worker.heartbeat
        check = _BROADCASTS.get(exchange)
        return answer if check is None or accept_message(check, exchange, raw) else None


class QoS(redis.QoS):
    """Kombu's record of unacknowledged messages. A malformed entry doesn't block the others."""

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:  # noqa: ANN401 -- Kombu's signature
        """Put a message back into its queue. A malformed entry is dropped: it would raise every time."""
        with self.channel.conn_or_acquire(client) as connection:
            entry = connection.hget(self.unacked_key, tag)
            if entry is None or accept_message(check_unacked, self.unacked_key, entry):
                super().restore_by_tag(tag, connection, leftmost)  # type: ignore[no-untyped-call]  # untyped there
            else:
                self._remove_from_indices(tag).execute()  # type: ignore[no-untyped-call]  # untyped there


class Channel(redis.Channel):
    """A channel that only returns well-formed messages, and renames keys of the wrong type."""

    QoS = QoS
    _shared_client: Client | None = None

    def __init__(self, connection: Any, **kwargs: Any) -> None:  # noqa: ANN401 -- Kombu's signature
        given = connection.client
        self._address = find_remembered(
            given.hostname or "", given.virtual_host or "", given.userid, given.password
        )
        if self._address is not None and self._address.sentinels is not None:
            self.connection_class: Any = SentinelManagedConnection
            self.connection_class_ssl: Any = SentinelManagedSSLConnection
        elif self._address is not None:
            self.connection_class = redis_py.UnixDomainSocketConnection
        super().__init__(connection, **kwargs)  # type: ignore[no-untyped-call]  # untyped there
        self._rename_wrong_type(self.unacked_key, "hash")
        self._rename_wrong_type(self.unacked_index_key, "zset")

    def _queue_bind(self, exchange: str, *args: Any) -> None:  # noqa: ANN401 -- Kombu's signature
        self._rename_wrong_type(self.keyprefix_queue % exchange, "set")
        super()._queue_bind(exchange, *args)  # type: ignore[no-untyped-call]  # untyped there

    def _new_queue(self, queue: str, auto_delete: bool = False, **kwargs: Any) -> None:  # noqa: ANN401 -- Kombu's signature
        for priority in self.priority_steps:
            self._rename_wrong_type(self._q_for_pri(queue, priority), "list")  # type: ignore[no-untyped-call]  # untyped there
        super()._new_queue(queue, auto_delete, **kwargs)  # type: ignore[no-untyped-call]  # untyped there

    def _rename_wrong_type(self, key: str, kind: str) -> None:
        """Rename the key if it has another type: every command on it would fail, even after a restart."""
        aside = f"rapport:refused:{key}"
        with self.conn_or_acquire() as client:
            found = client.eval(_RENAME_WRONG_TYPE, 2, key, aside, kind)
        if found:
            log.error("key_moved_aside", key=key, was=found.decode(), wanted=kind, moved_to=aside)

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        params: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[no-untyped-call]  # untyped there
        if self._address is None:
            return params
        of_server = {"host", "port"}
        if self._address.socket is not None:
            of_server |= {"socket_connect_timeout", "socket_keepalive", "socket_keepalive_options"}
            params["path"] = self._address.socket
        return {name: value for name, value in params.items() if name not in of_server}

    def _get_pool(self, asynchronous: bool = False) -> redis_py.ConnectionPool:
        address = self._address
        if address is None or address.sentinels is None:
            pool: redis_py.ConnectionPool = super()._get_pool(asynchronous)  # type: ignore[no-untyped-call]  # untyped there
            return pool
        params = self._connparams(asynchronous)
        self.keyprefix_fanout = self.keyprefix_fanout.format(db=params["db"])
        manager = redis_clients.make_sentinel(address)
        if asynchronous:  # Kombu closes both
            self._async_sentinel_manager = manager
        else:
            self._sentinel_manager = manager
        return SentinelConnectionPool(address.sentinels.service, manager, **params)  # type: ignore[no-untyped-call]  # untyped there

    def _get_client(self) -> type[Client]:
        super()._get_client()  # type: ignore[no-untyped-call]  # untyped there; raises if redis-py is too old
        return Client

    def _create_client(self, asynchronous: bool = False) -> Client:
        """Return a client of one of the channel's pools.

        Kombu makes one for each command, which costs more than the command. A client that reads messages has
        a connection of its own, so only the others are shared.
        """
        shared = self._shared_client
        if not asynchronous and shared is not None and shared.connection_pool is self.pool:
            return shared
        client: Client = super()._create_client(asynchronous)  # type: ignore[no-untyped-call]  # untyped there
        client.accept_queued = self._accept_queued
        if not asynchronous:
            self._shared_client = client
        return client

    def _accept_queued(self, key: bytes, raw: bytes) -> bool:
        queue = key.decode().rsplit(self.sep, 1)[0]
        check = (
            check_reply
            if queue.endswith(_REPLIES)
            else partial(
                check_task,
                now=clock.now(),
                is_task=_handlers.is_task,
                argument_names=_handlers.argument_names,
            )
        )
        if accept_message(check, queue, raw):
            return True
        self._queue_cycle.rotate(queue)  # many in one queue must not block the others
        return False

    @cached_property
    def subclient(self) -> BoundedPubSub:
        """The subscription for fanout messages (remote control, events)."""
        return BoundedPubSub(self._create_client(asynchronous=True).connection_pool)


class Transport(redis.Transport):
    """The transport of every form of REDIS_URL in Rapport's processes."""

    Channel = Channel
    connection_errors = (*redis.Transport.connection_errors, redis_py.ResponseError)
    """Celery reconnects after these. Without ResponseError, a reply such as READONLY would end the worker."""


def install(*, is_task: Callable[[str], bool] | None = None) -> None:
    """Use this transport for each form of REDIS_URL. `is_task` says whether a task of that name exists."""
    for scheme in ("redis", "rediss", "unix", "sentinel"):
        TRANSPORT_ALIASES[scheme] = "worker.celery_extensions.broker:Transport"
        _transport_cache.pop(scheme, None)  # filled by an earlier connection
    if is_task is not None:
        _handlers.is_task = is_task


def set_refusal_handler(
    handle: Callable[[RefusedMessage], None], *, argument_names: Collection[str] = frozenset()
) -> None:
    """Pass refused messages to `handle` from now on. The event loop calls it: it must not block or raise.

    A refusal names an argument with a control character only if it is among `argument_names`.
    """
    _handlers.on_refused = handle
    _handlers.argument_names = argument_names
