"""Memory of processes and their descendants, by what they do. Shared pages count once (PSS)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
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


def measure_memory(processes: Iterable[psutil.Process]) -> Counter[str]:
    """Return the bytes of proportional set size by role, such as "renderer" or "driver"."""
    memory: Counter[str] = Counter()
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            memory[name_role(process.cmdline())] += process.memory_full_info().pss
    return memory


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


def describe_memory(memory: Counter[str]) -> str:
    """Return the parts in MB, the largest first."""
    return ", ".join(f"{role} {size / MB:.0f}" for role, size in memory.most_common() if size >= MB)
