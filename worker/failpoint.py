"""Points in an action's life at which a fault test can strike, exactly once each. Inert without the setting.

A test writes "POINT FAULT" into the file that RAPPORT_FAULT_FILE names. Whoever reaches POINT first takes
the file away and suffers FAULT: `kill` (itself), `kill-parent` (the worker's main process), `stop` (SIGSTOP
until somebody continues it).
"""

import os
import signal
from contextlib import suppress

from worker.settings import get_settings

FAILPOINTS = ("after_claim", "after_reserve", "before_send", "after_send", "after_proof", "after_record")


def trigger_failpoint(point: str) -> None:
    """Suffer the fault that a test has planted at `point`, if any."""
    planted = get_settings().fault_file
    if planted is None:
        return
    with suppress(FileNotFoundError):
        wanted, _, fault = planted.read_text().strip().partition(" ")
        if wanted == point:
            planted.unlink()
            _strike(fault)


def _strike(fault: str) -> None:
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "kill-parent":
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()  # the parent's death takes us along
    elif fault == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        raise ValueError(f"no such fault: {fault!r}")
