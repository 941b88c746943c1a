"""Failpoints: steps at which a fault test can inject one fault. Inert without the setting.

A test writes "POINT FAULT" into the file of RAPPORT_FAULT_FILE. The first process to reach POINT deletes the
file and undergoes FAULT: `kill` (itself), `kill-parent` (the worker's main process), or `stop` (SIGSTOP until
somebody sends SIGCONT).
"""

import os
import signal
from contextlib import suppress

from worker.settings import get_settings

FAILPOINTS = ("after_claim", "after_reserve", "before_send", "after_send", "after_proof", "after_record")
NOTICE_FAILPOINTS = ("after_notice_claim", "after_notice_send", "after_notice_record")


def trigger_failpoint(point: str) -> None:
    """Apply the fault that a test has set for `point`, if any."""
    fault_file = get_settings().fault_file
    if fault_file is None:
        return
    with suppress(FileNotFoundError):
        wanted, _, fault = fault_file.read_text().strip().partition(" ")
        if wanted == point:
            fault_file.unlink()
            _inject(fault)


def _inject(fault: str) -> None:
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "kill-parent":
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()  # until the parent's death ends this process
    elif fault == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        raise ValueError(f"no such fault: {fault!r}")
