"""Run a command in a pseudo-terminal that a test types into and reads from."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.cluster import PATIENCE, wait_for

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CLEARED = "\x1b[2J"


class Terminal:
    """`rapport ...` in a terminal."""

    def __init__(self, arguments: tuple[str, ...], env: Mapping[str, str]) -> None:
        self._master, self._slave = pty.openpty()
        self._said = ""
        self._screens_read = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api_stub.cli", *arguments],
            stdin=self._slave, stdout=self._slave, stderr=self._slave, env=env, start_new_session=True,
        )  # fmt: skip

    def screen(self) -> str:
        """Return the visible text since the screen was last cleared."""
        while select.select([self._master], [], [], 0)[0]:
            self._said += os.read(self._master, 65536).decode(errors="replace")
        return _ESCAPES.sub("", self._said.rpartition(_CLEARED)[2])

    def shows(self, *texts: str) -> str:
        """Wait for a new screen with all of `texts` that takes a key; return it."""
        wait_for(
            f"a screen with {texts}; there is:\n{self.screen()}",
            lambda: (
                all(text in self.screen() for text in texts)
                and self._said.count(_CLEARED) > self._screens_read
                and self._takes_a_key()
            ),
        )
        return self.screen()

    def press(self, key: str) -> None:
        """Type a key. Keys typed before the screen takes one are dropped."""
        self._screens_read = self._said.count(_CLEARED)
        os.write(self._master, key.encode())

    def ended(self) -> tuple[int, str]:
        """Wait until the command has ended; return its exit code and the screen."""
        return self.process.wait(PATIENCE.total_seconds()), self.screen()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    def _takes_a_key(self) -> bool:
        local_modes: int = termios.tcgetattr(self._slave)[3]
        return not local_modes & termios.ICANON


@contextmanager
def terminal(*arguments: str, env: Mapping[str, str]) -> Iterator[Terminal]:
    opened = Terminal(arguments, env)
    try:
        yield opened
    finally:
        opened.close()
