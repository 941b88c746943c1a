"""Memory of processes and their descendants, by what they do."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psutil

MB: Final = 1_000_000
_KINDS: Final = ("--type=", "--utility-sub-type=")


def list_processes(pids: Iterable[int]) -> Sequence[psutil.Process]:
    """Return these processes and their descendants; those that have ended are left out."""
    return list(_walk(pids))


def _walk(pids: Iterable[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            yield from (process, *process.children(recursive=True))


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of memory.

    `by_role`, such as "renderer" or "driver", counts shared pages once (PSS). `own` leaves them out (USS): it
    doesn't change when another Chromium starts on this machine, or ends.
    """

    by_role: Counter[str]
    own: int

    @property
    def total(self) -> int:
        """The bytes of all roles."""
        return self.by_role.total()

    def __str__(self) -> str:
        roles = self.by_role.most_common()
        return ", ".join(f"{role} {size / MB:.0f}" for role, size in roles if size >= MB)


def measure_memory(processes: Iterable[psutil.Process]) -> Memory:
    """Return the memory of these processes; those that have ended are left out."""
    by_role, own = Counter[str](), 0
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            role, found = name_role(process.cmdline()), process.memory_full_info()
            by_role[role] += found.pss
            own += found.uss
    return Memory(by_role, own)


def name_role(command: Sequence[str]) -> str:
    """Return what a process of a worker does, by its command line."""
    words = " ".join(command).split()  # processes that Chromium forks have one long argument
    program = words[0].rpartition("/")[2] if words else "ended"
    if program.startswith("node"):
        return "driver"
    if not program.startswith("chrom"):
        return "Python" if program.startswith("python") else program
    kinds = dict(word.split("=", 1) for word in words if word.startswith(_KINDS))
    utility = kinds.get("--utility-sub-type", "").partition(".")[0]
    return utility or kinds.get("--type", "browser").removesuffix("-process")
