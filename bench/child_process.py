"""Run one bench in a process of its own, and leave nothing of it behind."""

import subprocess
from collections.abc import Sequence
from typing import Final

import psutil

from api_stub.stack.process_tree import kill_trees, list_descendants

GRACE_S: Final = 60
"""How long a bench may take to stop its servers and workers."""


def run_to_end(command: Sequence[str]) -> tuple[int, str]:
    """Run the command; return its exit code and what it printed.

    If an exception ends the wait, such as one that a signal raises, the command is told to end, and what it
    has started and not stopped is killed. It has a process group of its own: the terminal's Ctrl-C reaches
    only this process, so the command isn't interrupted twice.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        try:
            printed, _ = process.communicate()
        except BaseException:
            _stop(process)
            raise
    return process.returncode, printed


def _stop(process: subprocess.Popen[str]) -> None:
    try:
        started = list_descendants(psutil.Process(process.pid))
    except psutil.NoSuchProcess:
        return
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
    kill_trees(started)
