"""Say what stops an account, and what to do about it, before anything else is shown."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from api_stub.cli.explain.sign_ins import list_expiry_lines
from api_stub.cli.explain.upkeep import list_late_lines
from api_stub.cli.formatting import print_text
from api_stub.explain.halts import describe_halt
from db.store.people import accounts
from db.store.reports import halts as store
from worker.rules.halts import NEEDS_ATTENTION


def print_halts(session: Session, account: str | None = None) -> None:
    """Print a line for each account that is stopped; of one account, whatever keeps it from acting.

    Then a line for each sign-in that has expired or soon will, and one if upkeep is late.
    """
    urgent = (*list_halt_lines(session, account), *list_expiry_lines(session, account))
    for line in (*urgent, *list_late_lines(session)):
        print_text(line, "bold red")


def list_halt_lines(session: Session, account: str | None = None) -> Iterator[str]:
    """Yield the lines of `print_halts`."""
    if account is not None:
        record = accounts.find_account(session, account)
        halted = store.list_halts(session, record)[:1] if record is not None else ()
        yield from (describe_halt(record, halt) for halt in halted if record is not None)
        return
    found = store.list_halted_accounts(session)
    lines = (describe_halt(each, halt) for each, halt in found if halt.cause in NEEDS_ATTENTION)
    yield from dict.fromkeys(lines)  # the kill switch once
