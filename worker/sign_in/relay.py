"""Pass messages between the browser of a sign-in and the person's page, through Redis.

The command that signs in owns the browser and listens on no port; the HTTP API has neither the browser nor
the key. Both use Redis already. It holds only hashes of tokens and sealed messages, and all of it expires.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import redis

from worker.servers import redis_clients
from worker.servers.redis_address import RedisAddress

LINK_LIFE: Final = timedelta(minutes=10)
"""How long the link can be opened."""
MAX_WAITING: Final = 50
"""Messages that wait for the browser; a page that sends faster is refused until some are taken."""
LONGEST_WAIT: Final = timedelta(seconds=10)
"""How long the page waits for a change before it asks again."""
_SILENCE: Final = timedelta(seconds=30)
"""The keys of a sign-in expire this long after the command last refreshed them."""
_BROWSER_LIFE: Final = timedelta(hours=1)
_TIMEOUT_S: Final = 15.0
"""Timeout of an answer from Redis; longer than LONGEST_WAIT."""
_PREFIX: Final = "rapport:sign-in"


@dataclass(frozen=True, slots=True)
class Channel:
    """The keys of one sign-in in Redis."""

    id: str

    @property
    def alive(self) -> str:
        """Exists while the command runs."""
        return f"{_PREFIX}:{{{self.id}}}:alive"

    @property
    def to_page(self) -> str:
        """A list with the newest message to the page."""
        return f"{_PREFIX}:{{{self.id}}}:to-page"

    @property
    def to_browser(self) -> str:
        """A list of messages to the browser, newest first."""
        return f"{_PREFIX}:{{{self.id}}}:to-browser"


def connect(address: RedisAddress) -> redis.Redis:
    """Return a client for the relay."""
    return redis_clients.connect(address, socket_timeout=_TIMEOUT_S, socket_connect_timeout=2.0)


class BrowserEnd:
    """The end of the command that owns the browser."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._channel = Channel(secrets.token_hex(16))
        self._link: str | None = None

    def create_link(self) -> str:
        """Return a new token. The first browser that presents it within LINK_LIFE gets the window."""
        token = secrets.token_urlsafe(32)
        self._link = _link_key(token)
        self.keep_alive()
        self._client.set(self._link, self._channel.id, px=LINK_LIFE)
        return token

    def keep_alive(self) -> None:
        """Say that the command still runs. Call it every few seconds."""
        self._client.set(self._channel.alive, "", ex=_SILENCE)

    def send(self, sealed: bytes) -> None:
        """Replace the message that waits for the page."""
        with self._client.pipeline() as pipe:
            pipe.delete(self._channel.to_page)
            pipe.lpush(self._channel.to_page, sealed)
            pipe.expire(self._channel.to_page, _SILENCE)
            pipe.execute()

    def receive(self) -> bytes | None:
        """Return the oldest message from the page, or None if there is none."""
        message: bytes | None = self._client.rpop(self._channel.to_browser)  # type: ignore[assignment]  # not async
        return message

    def end(self) -> None:
        """End the sign-in: neither the link nor the page is served any more."""
        keys = [self._channel.alive, self._channel.to_browser]
        for key in keys + ([self._link] if self._link else []):
            self._client.delete(key)


class PageEnd:
    """The end of the HTTP API."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def open(self, token: str) -> str | None:
        """Return a ticket for the browser that presents this token, or None if the link can't be opened.

        The token is used up: if two browsers present it at once, one gets a ticket.
        """
        key = _link_key(token)
        channel: bytes | None = self._client.get(key)  # type: ignore[assignment]  # not async
        if channel is None or self._client.delete(key) != 1:
            return None
        ticket = secrets.token_urlsafe(32)
        self._client.set(_ticket_key(ticket), channel, ex=_BROWSER_LIFE)
        return ticket

    def find_channel(self, ticket: str) -> Channel | None:
        """Return the channel that this ticket opens, or None if its sign-in has ended."""
        found: bytes | None = self._client.get(_ticket_key(ticket))  # type: ignore[assignment]  # not async
        return Channel(found.decode()) if found is not None else None

    def is_alive(self, channel: Channel) -> bool:
        """Return whether the command still runs."""
        return bool(self._client.exists(channel.alive))

    def receive(self, channel: Channel) -> bytes | None:
        """Return the next message to the page, or None if none came in time or the sign-in has ended."""
        wait = LONGEST_WAIT if self.is_alive(channel) else timedelta(milliseconds=10)
        found: list[bytes] | None = self._client.brpop([channel.to_page], wait.total_seconds())  # type: ignore[assignment]  # not async
        return found[1] if found is not None else None

    def send(self, channel: Channel, sealed: bytes) -> bool:
        """Append a message to the browser. Return False if too many wait."""
        waiting: int = self._client.llen(channel.to_browser)
        if waiting >= MAX_WAITING:
            return False
        with self._client.pipeline() as pipe:
            pipe.lpush(channel.to_browser, sealed)
            pipe.expire(channel.to_browser, _SILENCE)
            pipe.execute()
        return True


def _link_key(token: str) -> str:
    return f"{_PREFIX}:link:{_hash(token)}"


def _ticket_key(ticket: str) -> str:
    return f"{_PREFIX}:ticket:{_hash(ticket)}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
