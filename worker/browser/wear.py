"""When a browser is closed and started again: by its age, its uses and its memory."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import psutil

from worker import clock

_USES_BETWEEN_READINGS: Final = 20
"""Reading the memory of a browser's processes takes tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class BrowserLimits:
    """A browser that reaches one of these is closed between two tasks. A use is one task."""

    age: timedelta = timedelta(hours=4)
    uses: int = 500
    memory_mb: int = 900


@dataclass(slots=True)
class Wear:
    """Age and uses of a browser since it was started."""

    started_at: float = field(default_factory=clock.monotonic_seconds)
    uses: int = 0

    def add_use(self, limits: BrowserLimits) -> str | None:
        """Count a use. Return which limit is exceeded, in words, or None."""
        self.uses += 1
        age = timedelta(seconds=clock.monotonic_seconds() - self.started_at)
        if age >= limits.age:
            return f"it is {age // timedelta(minutes=1)} minutes old"
        if self.uses >= limits.uses:
            return f"it has served {self.uses} tasks"
        if self.uses % _USES_BETWEEN_READINGS == 0 and (memory := measure_memory()) >= limits.memory_mb:
            return f"it and this process take {memory} MB"
        return None


def measure_memory() -> int:
    """Return the memory in MB of this process and its descendants: Playwright's driver and Chromium.

    Only what each has for itself, as they share most of their code. This process counts too, because
    Playwright's objects in it are freed with the driver. 0 if the system doesn't tell.
    """
    total, this = 0, psutil.Process()
    for process in (this, *this.children(recursive=True)):
        try:
            total += process.memory_full_info().uss
        except (psutil.Error, OSError):
            continue  # it has ended meanwhile
    return total // 1_000_000
