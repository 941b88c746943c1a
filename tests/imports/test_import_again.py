"""Importing a file twice is the same as once, and undoing it restores everything."""

import random
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.imports import birthday_doubts, runs
from tests.builders import SANDBOX, a_contact, an_account
from tests.imports.files import (
    contacts_now,
    import_path,
    plain_table,
    read_rows,
    write_file,
)
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

MARCH_5 = date(2028, 3, 5)
LEAP_DAY = date(2028, 2, 29)

SLUGS = st.sampled_from(["", "ann", "bob", "cid", "dee", "http"])
NAMES = st.sampled_from(["Ann O", "ann  o", "Ann P", "Bob O", "Bob"])
EMAILS = st.sampled_from(["", "", "a@x.org", "b@x.org", "A@X.org", "nonsense"])
BIRTHDAYS = st.sampled_from(["", "03-05", "1980-03-05", "03-06", "02-28", "02-29", "03/04/1980"])
ROWS = st.tuples(
    NAMES, SLUGS, EMAILS, BIRTHDAYS, st.sampled_from(["", "ACME"]), st.sampled_from(["", "2026-11-21"])
)
KNOWN = st.tuples(
    st.sampled_from(["ann", "bob", "old"]), NAMES, EMAILS, st.sampled_from([None, MARCH_5, LEAP_DAY])
)


def everything(session: Session) -> list[Mapping[str, Any]]:
    return [*contacts_now(session), *read_rows(session, "import_doubts")]


def confirm_some(session: Session, says_yes: random.Random) -> None:
    for doubt in birthday_doubts.list_doubts(session):
        still = birthday_doubts.list_doubts(session, ids=[doubt.id])
        if still and says_yes.random() < 0.5:
            with suppress(RequestRefusedError), session.begin_nested():  # another answer gave them a birthday
                birthday_doubts.confirm_doubt(session, doubt.id)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example is a dozen statements: no shrinking
)
@given(
    st.lists(ROWS, max_size=12),
    st.lists(KNOWN, max_size=3, unique_by=lambda known: known[0]),
    st.randoms(use_true_random=False),
)
def test_twice_is_once_and_undone_is_never(
    database: Database,
    rows: list[tuple[str, ...]],
    known: list[tuple[str, str, str, date | None]],
    says_yes: random.Random,
) -> None:
    lines = [",".join((name, f"{SANDBOX}{slug}" if slug else "", *others)) for name, slug, *others in rows]
    with tempfile.TemporaryDirectory() as folder, database.transaction() as session:
        path = write_file(Path(folder), plain_table(*lines))
        account = an_account(session)
        for slug, name, email, birthday in known:
            a_contact(session, account, slug, name=name, birthday=birthday).email = email or None
        before = contacts_now(session)
        first = import_path(session, account, path, source=ImportSource.CSV)
        assert first.read == len(rows)
        assert first.read == (
            first.new + first.changed + first.same + first.repeated + first.doubts + first.refused
        )
        after = everything(session)
        again = import_path(session, account, path, source=ImportSource.CSV)
        assert everything(session) == after
        assert (again.new, again.changed, again.doubts) == (0, 0, 0)
        assert (again.refused, again.repeated) == (first.refused, first.repeated)
        confirm_some(session, says_yes)
        for record in runs.list_imports(session):
            runs.undo_import(session, record.id)
        assert everything(session) == before
        session.rollback()
