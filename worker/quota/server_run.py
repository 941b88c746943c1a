"""Identify the run of the Redis server behind a connection: another run may lack the last grants.

INFO says it. Where the server's access list forbids INFO, a script marks the run: from Redis 7 on, the cache
of scripts is neither saved nor replicated, so a script that is in it was loaded in this very run.
"""

from hashlib import sha1
from typing import Any, Final
from uuid import uuid4

from redis.exceptions import NoPermissionError

_MARK_KEY: Final = "rapport:quota:server"
"""Holds the latest mark. The mark names a run only while its script is in the server's cache."""
_FIRST_VOLATILE_VERSION: Final = 7
_REPLACE: Final = """
local found = redis.call('GET', KEYS[1]) or ''
if found == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2])
    return ARGV[2]
end
return found
"""


def identify_run(connection: Any) -> str:  # noqa: ANN401 -- redis-py's interface; each connection class has its own type
    """Return the id of the server's run: the same on each connection, another one after each restart.

    Raises NoPermissionError if the user may neither send INFO nor mark the run.
    """
    try:
        lines = str(_ask(connection, "INFO", "server")).splitlines()
    except NoPermissionError:
        lines = []
    run_id = next((line.partition(":")[2] for line in lines if line.startswith("run_id:")), "")
    return run_id or _identify_by_mark(connection)


def _identify_by_mark(connection: Any) -> str:  # noqa: ANN401 -- as above
    hello = _ask(connection, "HELLO")
    said = hello if isinstance(hello, dict) else dict(zip(hello[::2], hello[1::2], strict=False))
    version = str(said.get("version", "0"))
    if int(version.partition(".")[0]) < _FIRST_VOLATILE_VERSION:
        raise NoPermissionError(
            f"INFO is forbidden, and version {version} has no other way to tell its restarts"
        )
    mark = str(_ask(connection, "GET", _MARK_KEY) or "")
    if mark and _has_script(connection, _script(mark)):
        return mark
    ours = uuid4().hex
    _ask(connection, "SCRIPT", "LOAD", _script(ours))
    return str(_ask(connection, "EVAL", _REPLACE, 1, _MARK_KEY, mark, ours))


def _has_script(connection: Any, script: str) -> bool:  # noqa: ANN401 -- as above
    digest = sha1(script.encode(), usedforsecurity=False).hexdigest()  # the name that Redis gives a script
    return bool(_ask(connection, "SCRIPT", "EXISTS", digest)[0])


def _script(mark: str) -> str:
    return f"return '{mark}'"


def _ask(connection: Any, *command: object) -> Any:  # noqa: ANN401 -- as above
    connection.send_command(*command)
    return connection.read_response()
