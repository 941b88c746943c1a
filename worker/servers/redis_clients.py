"""Make redis-py's clients for each form of REDIS_URL: a server, a Unix socket, or Sentinels."""

from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from worker.servers.redis_address import RedisAddress

_SENTINEL_TIMEOUT_S: Final = 2.0
"""The next Sentinel is asked if one doesn't answer within this time."""


def connect(address: RedisAddress, **options: Any) -> redis.Redis:  # noqa: ANN401 -- redis-py's own
    """Return a client of this server; `options` are further arguments of redis.Redis."""
    options |= client_options(address)
    if address.sentinels is None:
        return redis.Redis(**options)
    client: redis.Redis = make_sentinel(address).master_for(address.sentinels.service, **options)
    return client


def make_sentinel(address: RedisAddress) -> Any:  # noqa: ANN401 -- redis-py has no types for it
    """Return redis-py's client of these Sentinels."""
    return Sentinel(list(address.hosts), sentinel_kwargs=sentinel_options(address))  # type: ignore[no-untyped-call]  # untyped there


def client_options(address: RedisAddress) -> dict[str, Any]:
    """Return the arguments with which redis-py connects to the server; with Sentinels, they name the host."""
    options: dict[str, Any] = {"db": address.db, "username": address.user, "password": address.password}
    if address.socket is not None:
        return {**options, "unix_socket_path": address.socket}
    options |= _tls_options(address)
    if address.sentinels is not None:
        return options
    return {**options, "host": address.host, "port": address.port}


def sentinel_options(address: RedisAddress) -> dict[str, Any]:
    """Return the arguments with which redis-py connects to each Sentinel: their own user and password."""
    sentinels = address.sentinels
    return {
        "username": sentinels and sentinels.user,
        "password": sentinels and sentinels.password,
        **_tls_options(address),
        "socket_timeout": _SENTINEL_TIMEOUT_S,
        "socket_connect_timeout": _SENTINEL_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
    }


def _tls_options(address: RedisAddress) -> dict[str, Any]:
    return {} if address.tls is None else {"ssl": True, **address.tls}
