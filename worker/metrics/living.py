"""Gauges of the processes that live now. Those of a process that has ended are left out at once.

A gauge file counts as long as the lock of its slot is held (`worker/metrics/slots.py`). A process that takes
over a slot starts with new gauges.
"""

import os
from dataclasses import dataclass
from threading import Lock
from typing import Final

import psutil
from prometheus_client import Gauge

_MODE: Final = "livesum"
"""All that live are added up. Must begin with "live": see `MultiProcessCollector`."""

_SERVICE = ["service"]

PROCESS_MEMORY = Gauge(
    "rapport_process_memory_bytes",
    "Resident memory of a service's own processes, without browsers. Shared pages count in each.",
    _SERVICE,
    multiprocess_mode=_MODE,
)
BROWSER_MEMORY = Gauge(
    "rapport_browser_memory_bytes",
    "Resident memory of Chromium and Playwright's driver. Shared pages count in each process.",
    _SERVICE,
    multiprocess_mode=_MODE,
)
BROWSER_PROCESSES = Gauge(
    "rapport_browser_processes",
    "Processes of Chromium and Playwright's driver.",
    _SERVICE,
    multiprocess_mode=_MODE,
)
DB_CONNECTIONS = Gauge(
    "rapport_db_connections",
    "Connections to Postgres in the pools of the processes.",
    ["service", "state"],
    multiprocess_mode=_MODE,
)

_service: str = "command"
_no_fork = Lock()
os.register_at_fork(
    before=_no_fork.acquire, after_in_parent=_no_fork.release, after_in_child=_no_fork.release
)


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in bytes of processes and their browsers, and how many processes browsers have."""

    own: int
    browsers: int
    browser_processes: int


def name_service(name: str) -> None:
    """Set the `service` of this process and its children: api, browser, control, notifier."""
    global _service  # noqa: PLW0603 -- one name for each process, set once at its start
    _service = name


def service_name() -> str:
    """Return the `service` of this process; "command" for a command of a person."""
    return _service


def read_memory() -> Memory:
    """Return the memory of this process and its descendants: another program than this one is a browser's."""
    this = psutil.Process()
    own, browsers, count = this.memory_info().rss, 0, 0
    program = this.exe()
    for child in this.children(recursive=True):
        try:
            memory, is_browser = child.memory_info().rss, child.exe() != program
        except (psutil.Error, OSError):
            continue  # it has ended meanwhile
        if is_browser:
            browsers, count = browsers + memory, count + 1
        else:
            own += memory
    return Memory(own, browsers, count)


def measure_memory() -> Memory | None:
    """Set the gauges of this process's memory and its browsers', and return both; None: can't be read.

    Takes ten milliseconds. A worker's main process does so in a thread. No child is forked while it sets the
    gauges: the child would wait for ever for the library's lock.
    """
    try:
        read = read_memory()
    except (psutil.Error, OSError):
        return None
    with _no_fork:
        PROCESS_MEMORY.labels(_service).set(read.own)
        BROWSER_MEMORY.labels(_service).set(read.browsers)
        BROWSER_PROCESSES.labels(_service).set(read.browser_processes)
    return read
