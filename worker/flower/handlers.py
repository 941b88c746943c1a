"""What takes the place of Flower's own reader of queues and of what its API answers."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from flower.utils.broker import RedisBase
from redis import asyncio as redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from worker.servers import redis_clients
from worker.servers.redis_address import RedisAddress
from worker.settings import get_settings


class QueueReader(RedisBase):  # type: ignore[misc]  # Flower ships no types
    """Reads the lengths of queues for Flower, on the server of the settings, not at Flower's own address."""

    def __init__(self, broker_url: str, *, address: RedisAddress | None = None, **options: Any) -> None:  # noqa: ANN401 -- Flower's
        super().__init__(broker_url, **options)
        self._sentinels: Sequence[redis.Redis] = ()
        self.redis = self._connect(address or get_settings().redis)

    async def queues(self, names: Iterable[str]) -> Any:  # noqa: ANN401 -- Flower's
        """Return the length of each queue, and close the connections."""
        try:
            return await super().queues(names)
        finally:
            for sentinel in self._sentinels:
                await sentinel.aclose()

    def _connect(self, address: RedisAddress) -> redis.Redis:
        bounded: dict[str, Any] = {
            "socket_timeout": self.socket_timeout,
            "socket_connect_timeout": self.socket_connect_timeout,
            "retry": Retry(NoBackoff(), 0),
        }
        options = redis_clients.client_options(address) | bounded
        if address.sentinels is None:
            return redis.Redis(**options)
        asked = redis_clients.sentinel_options(address) | bounded
        manager = Sentinel(list(address.hosts), sentinel_kwargs=asked)  # type: ignore[no-untyped-call]  # untyped there
        self._sentinels = manager.sentinels
        client: redis.Redis = manager.master_for(address.sentinels.service, **options)
        return client


def asking_for_password(write_error: Callable[..., None]) -> Callable[..., None]:
    """Return the error writer of the API with the challenge that belongs to a 401.

    A browser that opened a worker's page sends the password to no other path until it is asked. Without the
    challenge, each button of that page would be refused with an empty message.
    """

    def write(handler: Any, status: int, **options: Any) -> None:  # noqa: ANN401 -- Flower's
        if status == 401:
            handler.set_header("WWW-Authenticate", 'Basic realm="flower"')
        write_error(handler, status, **options)

    return write


def as_markup(write: Callable[..., None]) -> Callable[..., None]:
    """Return the writer of what Soft and Hard answer. Their script reads a refusal as HTML only."""

    def write_markup(handler: Any, chunk: Any) -> None:  # noqa: ANN401 -- Flower's
        write(handler, f"<p>{escape(chunk)}</p>" if isinstance(chunk, str) else chunk)

    return write_markup
