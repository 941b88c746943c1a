"""Runs notifiers one after the other: one for each fault, then one until SIGTERM.

Each is a process of its own, forked from this one to save the imports.
"""

import os
import sys

from worker.settings import get_settings

from tasks.notices.notifier import run_notifier  # isort: skip


def run_forked() -> int:
    """Run one notifier; return its wait status."""
    pid = os.fork()
    if pid == 0:
        run_notifier(get_settings())
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def main() -> None:
    """Run one notifier for each line of standard input, which is written into the file of faults before."""
    fault_file = get_settings().fault_file
    assert fault_file is not None
    for line in sys.stdin:
        if fault := line.strip():
            fault_file.write_text(fault)
        sys.stdout.write(f"ended {run_forked()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
