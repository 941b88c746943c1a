"""Databases that were started for one command, and run until it ends."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeptDatabases:
    """Their addresses by data folder, and what stops them."""

    exit: ExitStack
    urls: dict[Path, str]


_kept: ContextVar[KeptDatabases | None] = ContextVar("kept", default=None)


@contextmanager
def keep_databases() -> Iterator[None]:
    """Keep the databases that are started in this block until its end, so that each is started once."""
    with ExitStack() as exit_stack:
        token = _kept.set(KeptDatabases(exit_stack, {}))
        try:
            yield
        finally:
            _kept.reset(token)


def find_kept() -> KeptDatabases | None:
    """Return the databases of the block of `keep_databases` that is running, or None outside of one."""
    return _kept.get()
