"""What can be wrong with a backup, and with the database that it is of."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import ProgrammingError

from worker.errors import RequestRefusedError


class BackupDamagedError(RequestRefusedError):
    """The file is not a whole backup: it was cut off or altered, or it never was one."""


class BackupKeyError(RequestRefusedError):
    """The key that was given is none, or doesn't decrypt this backup."""


@contextmanager
def translate_refusals(what: str) -> Iterator[None]:
    """Raise RequestRefusedError in place of errors of Postgres, without the row that it quotes."""
    try:
        yield
    except ProgrammingError as error:
        raise _refuse(what, error.orig) from None
    except psycopg.Error as error:
        raise _refuse(what, error) from None


def _refuse(what: str, error: BaseException | None) -> RequestRefusedError:
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return RequestRefusedError(f"{what}: {type(error).__name__}: {said or 'the connection was lost'}")
