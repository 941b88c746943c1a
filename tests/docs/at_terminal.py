"""Run a command at a terminal, and press keys until it ends: `python at_terminal.py KEYS COMMAND`.

The keys are pressed again and again, because one that is pressed before a screen is drawn is dropped.
"""

import os
import pty
import select
import signal
import sys
from contextlib import suppress
from typing import Final

_SECONDS: Final = 600


def run(keys: str, command: str) -> int:
    """Return the exit code of the command, and print what it prints."""
    signal.alarm(_SECONDS)  # whoever started this may have been killed; the terminal's end ends the command
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("bash", ["bash", "-c", command])
    with suppress(OSError):  # how a terminal ends whose program has ended
        while True:
            if select.select([terminal], [], [], 1)[0]:
                sys.stdout.write(os.read(terminal, 65536).decode(errors="replace"))
            else:
                os.write(terminal, keys.encode())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
