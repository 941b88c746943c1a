"""Kombu's Redis transport with one change: reading pub/sub ends.

redis-py reads a subscription without any time limit, whatever socket_timeout says, and Kombu calls that from
a worker's event loop whenever it believes the socket to be readable. After Redis was away, or a connection
half-open, it sometimes isn't: workers then sat in that read for ever and took no task, though they had
reconnected (seen with Kombu 5.7.0 and redis-py 8.1.0).
"""

from functools import cached_property
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from redis.client import PubSub

_AT_MOST_S = 1.0


class BoundedPubSub(PubSub):
    """A subscription whose reads give up after a second: no message is None."""

    def parse_response(self, block: bool = True, timeout: float = _AT_MOST_S) -> Any:  # noqa: ANN401 -- redis-py's signature
        """Return the next message, or None where there is none."""
        return super().parse_response(block=False, timeout=timeout)  # type: ignore[no-untyped-call]  # untyped there


class Channel(redis.Channel):
    """A channel whose subscription is bounded."""

    @cached_property
    def subclient(self) -> BoundedPubSub:
        """The connection that fanout messages (remote control, gossip) come in by."""
        client = self._create_client(asynchronous=True)  # type: ignore[no-untyped-call]  # untyped there
        return BoundedPubSub(client.connection_pool)


class Transport(redis.Transport):
    """What redis:// means in our processes."""

    Channel = Channel


def install() -> None:
    """Use this transport for redis:// and rediss:// addresses."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = "worker.broker:Transport"
