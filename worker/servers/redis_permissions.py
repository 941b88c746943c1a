"""Find out which commands, keys and channels the server's access list (ACL) forbids to Rapport.

Each command is queued in a transaction that is never executed: the server checks it, and nothing happens. The
commands of transactions themselves are tried before it begins.
docs/deployment.md has the access list that allows exactly these.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import redis
from redis.exceptions import NoPermissionError, ResponseError

from worker.queues import ALL_QUEUES

_Command = tuple[str, ...]
_QUOTA_KEY: Final = "rapport:quota:{acct:0}:state"
_REPLY_QUEUE: Final = "x.reply.celery.pidbox"

_MULTI: Final[_Command] = ("MULTI",)
_OF_TRANSACTIONS: Final[Sequence[_Command]] = (("WATCH", "unacked"), ("UNWATCH",), ("EXEC",), _MULTI)
"""In the order in which they are tried. EXEC fails and changes nothing: no transaction has begun yet."""
_ANYWHERE: Final[Sequence[_Command]] = (
    ("PING",), ("TIME",),
    ("EVALSHA", "0" * 40, "1", "rapport:heads"), ("EVAL", "return 0", "1", "rapport:heads"),
)  # fmt: skip
_OF_QUEUES: Final[Sequence[_Command]] = (
    ("LLEN", _REPLY_QUEUE), ("LPUSH", _REPLY_QUEUE, ""), ("BRPOP", _REPLY_QUEUE, "1"), ("DEL", _REPLY_QUEUE),
    ("EXISTS", _REPLY_QUEUE), ("PEXPIRE", _REPLY_QUEUE, "1"),
    ("SADD", "_kombu.binding.control", ""), ("SREM", "_kombu.binding.control", ""),
    ("SMEMBERS", "_kombu.binding.control"), ("EXISTS", "_kombu.binding.control"),
    ("ZADD", "_kombu.binding_deadlines", "0", ""), ("ZREM", "_kombu.binding_deadlines", ""),
    ("ZRANGEBYSCORE", "_kombu.binding_deadlines", "0", "0"),
    ("HSET", "unacked", "", ""), ("HGET", "unacked", ""), ("HDEL", "unacked", ""),
    ("ZADD", "unacked_index", "0", ""), ("ZREM", "unacked_index", ""), ("ZRANGE", "unacked_index", "0", "0"),
    ("SET", "unacked_mutex", ""), ("GET", "unacked_mutex"), ("DEL", "unacked_mutex"),
    ("TYPE", "unacked"), ("RENAME", "unacked", "rapport:refused:unacked"),
    ("HSET", "rapport:consumers", "", ""), ("HGETALL", "rapport:consumers"), ("HKEYS", "rapport:consumers"),
    ("HDEL", "rapport:consumers", ""), ("EXPIRE", "rapport:consumers", "1"), ("HGET", "rapport:heads", ""),
    ("SCRIPT", "LOAD", "return 0"), ("SCRIPT", "EXISTS", "0" * 40),
)  # fmt: skip
_OF_A_QUEUE: Final[Sequence[_Command]] = (
    ("LPUSH", "{}", ""), ("RPUSH", "{}", ""), ("BRPOP", "{}", "1"), ("LLEN", "{}"), ("LINDEX", "{}", "-1"),
    ("TYPE", "{}"), ("RENAME", "{}", "rapport:refused:{}"),
)  # fmt: skip
_OF_CHANNELS: Final[Sequence[_Command]] = (
    ("PUBLISH", "/{}.celery.pidbox", ""), ("PUBLISH", "/{}.celeryev/worker.online", ""),
    ("PSUBSCRIBE", "/{}.celery.pidbox"), ("PSUBSCRIBE", "/{}.celeryev/*"),
    ("PSUBSCRIBE", "/{}.celeryev/worker.*"), ("PUNSUBSCRIBE", "/{}.celery.pidbox"),
)  # fmt: skip
_OF_QUOTA: Final[Sequence[_Command]] = (
    ("EVAL", "return 0", "1", _QUOTA_KEY), ("HMGET", _QUOTA_KEY, ""), ("HSET", _QUOTA_KEY, "", ""),
    ("HGET", _QUOTA_KEY, ""), ("HGETALL", _QUOTA_KEY), ("HKEYS", _QUOTA_KEY), ("HDEL", _QUOTA_KEY, ""),
    ("HINCRBY", _QUOTA_KEY, "", "1"), ("PEXPIRE", _QUOTA_KEY, "1"), ("DEL", _QUOTA_KEY),
    ("ZADD", _QUOTA_KEY, "NX", "0", ""), ("ZREM", _QUOTA_KEY, ""), ("ZSCORE", _QUOTA_KEY, ""),
    ("ZCOUNT", _QUOTA_KEY, "0", "0"), ("ZREVRANGE", _QUOTA_KEY, "0", "0"),
    ("ZREMRANGEBYSCORE", _QUOTA_KEY, "0", "0"),
)  # fmt: skip
_SIGN_IN_KEY: Final = "rapport:sign-in:{0}:alive"
_OF_SIGN_INS: Final[Sequence[_Command]] = (
    ("SET", _SIGN_IN_KEY, ""), ("GET", _SIGN_IN_KEY), ("DEL", _SIGN_IN_KEY), ("EXISTS", _SIGN_IN_KEY),
    ("EXPIRE", _SIGN_IN_KEY, "1"), ("LPUSH", _SIGN_IN_KEY, ""), ("RPOP", _SIGN_IN_KEY),
    ("BRPOP", _SIGN_IN_KEY, "1"), ("LLEN", _SIGN_IN_KEY),
)  # fmt: skip
_INFO: Final[_Command] = ("INFO", "server")
_INSTEAD_OF_INFO: Final[Sequence[_Command]] = (
    ("GET", "rapport:quota:server"), ("SET", "rapport:quota:server", ""), ("SCRIPT", "LOAD", "return 0"),
    ("SCRIPT", "EXISTS", "0" * 40),
)  # fmt: skip


def find_missing(client: redis.Redis) -> list[str]:
    """Return what the client's user may not do: each command with its key or channel, such as `INFO server`.

    Changes nothing on the server. Raises RedisError if the server doesn't answer.
    """
    db = str(client.connection_pool.connection_kwargs.get("db", 0))
    required = [
        *_OF_TRANSACTIONS,
        *_ANYWHERE,
        *_OF_QUEUES,
        *_fill(_OF_A_QUEUE, ALL_QUEUES),
        *_fill(_OF_CHANNELS, [db]),
        *_OF_QUOTA,
        *_OF_SIGN_INS,
    ]
    refused = _find_refused(client, [*required, *_INSTEAD_OF_INFO, _INFO])
    missing = [command for command in dict.fromkeys(required) if command in refused]
    if _INFO in refused:
        missing += [each for each in _INSTEAD_OF_INFO if each in refused and each not in missing]
    return [_describe(command) for command in missing]


def _fill(templates: Sequence[_Command], values: Sequence[str]) -> Iterator[_Command]:
    for value in values:
        for template in templates:
            yield tuple(part.replace("{}", value) for part in template)


def _find_refused(client: redis.Redis, commands: Sequence[_Command]) -> set[_Command]:
    connection: Any = client.connection_pool.get_connection()
    try:
        refused = _send(connection, _OF_TRANSACTIONS)
        if _MULTI in refused:  # what follows would be executed
            return refused
        return refused | _send(connection, [each for each in commands if each not in _OF_TRANSACTIONS])
    finally:
        connection.disconnect()  # ends the transaction
        client.connection_pool.release(connection)


def _send(connection: Any, commands: Sequence[_Command]) -> set[_Command]:  # noqa: ANN401 -- see _is_refused
    """Send the commands at once; return those that the access list forbids."""
    connection.send_packed_command(connection.pack_commands(commands))
    return {command for command in commands if _is_refused(connection)}


def _is_refused(connection: Any) -> bool:  # noqa: ANN401 -- redis-py's interface; each connection class has its own type
    try:
        connection.read_response()
    except ResponseError as error:
        return isinstance(error, NoPermissionError) or "NOPERM" in str(error)  # EXEC quotes its refusal
    return False


def _describe(command: _Command) -> str:
    name, *arguments = command
    if name in {"EVAL", "EVALSHA"}:
        return f"{name} with {arguments[2]}"
    return " ".join((name, *arguments[:1]))
