"""What the tables refuse, whoever asks: promises that hold below every line of Python."""

import traceback
from itertools import permutations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.engine import Database, RowRefusedError
from tests.builders import a_contact, an_account, planned
from tests.db.helpers import behind_the_triggers
from worker.rules.lifecycle import MOVES
from worker.rules.model import ActionState

REFUSED = [
    ("actions", "state = 'flying'", "ck_actions_state"),
    ("actions", "kind = 'shout'", "ck_actions_kind"),
    ("actions", "reason = 'because'", "ck_actions_reason"),
    *(
        ("actions", f"state = '{state}', reason = null", "ck_actions_says_why")
        for state in ("skipped", "failed", "uncertain", "needs_review")
    ),
    ("actions", "not_before = created_at + interval '1 second', reason = null", "ck_actions_waits_for"),
    *(
        ("actions", f"state = '{state}', lease_until = null", "ck_actions_leased")
        for state in ("queued", "claimed", "acting")
    ),
    ("accounts", "status = 'stopped', stop_reason = null", "ck_accounts_stopped_says_why"),
    ("accounts", "status = 'asleep'", "ck_accounts_status"),
    ("accounts", "status = 'stopped', stop_reason = 'because'", "ck_accounts_stop_reason"),
    ("campaigns", "state = 'failed', reason = null", "ck_campaigns_failed_says_why"),
    ("campaigns", "state = 'gone'", "ck_campaigns_state"),
    ("campaigns", "kind = 'spam'", "ck_campaigns_kind"),
    ("contacts", "status = 'enemy'", "ck_contacts_status"),
    ("contacts", "score = 101", "ck_contacts_score"),
    ("contacts", "birth_month = 2, birth_day = null", "ck_contacts_birthday_whole"),
    ("contacts", "birth_month = 13, birth_day = 1", "ck_contacts_birthday"),
    ("contacts", "birth_month = 1, birth_day = 32", "ck_contacts_birthday"),
    ("quota_limits", "per_day = -1", "ck_quota_limits_counts"),
    ("quota_limits", "per_day = per_week + 1", "ck_quota_limits_counts"),
    ("quota_limits", "gap_min_ms = 2, gap_max_ms = 1", "ck_quota_limits_gap"),
    ("quota_limits", "kind = 'shout'", "ck_quota_limits_kind"),
]


@pytest.mark.parametrize(("table", "change", "check"), REFUSED, ids=str)
def test_a_row_that_breaks_a_promise_is_refused(
    database: Database, table: str, change: str, check: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        planned(session, account, a_contact(session, account, "ann"))
    with pytest.raises(RowRefusedError, match=check), database.transaction() as session:
        behind_the_triggers(session, f"update {table} set {change}")


def test_with_a_reason_each_of_those_states_is_taken(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        planned(session, account, a_contact(session, account, "ann"))
        for state in ("skipped", "failed", "uncertain", "needs_review"):
            behind_the_triggers(session, f"update actions set state = '{state}', reason = 'cannot_tell'")
        waits = "update actions set state = 'planned', not_before = now() + interval '1 day'"
        behind_the_triggers(session, waits)


def test_a_profile_address_is_one_contact_of_an_account(database: Database) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        a_contact(session, account, "ann")
        a_contact(session, other, "ann")
        a_contact(session, account, "bob", name="Ann")
    with pytest.raises(RowRefusedError, match="uq_contacts"), database.transaction() as session:
        a_contact(session, account, "ann", name="Somebody else")


def test_a_refused_row_tells_its_check_and_none_of_its_text(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        planned(session, account, a_contact(session, account, "ann"), text="a private text")
    with pytest.raises(RowRefusedError, match="ck_actions_kind") as told, database.transaction() as session:
        session.execute(text("update actions set kind = 'shout'"))
    assert "a private text" not in "".join(traceback.format_exception(told.value))


def test_the_database_itself_refuses_every_move_that_the_rule_does_not_list(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        planned(session, account, a_contact(session, account, "ann"))
        behind_the_triggers(session, "update actions set reason = 'cannot_tell', lease_until = now()")
        for before, after in permutations(ActionState, 2):
            behind_the_triggers(session, "update actions set state = :state", state=before)
            try:
                with session.begin_nested():
                    session.execute(text("update actions set state = :state"), {"state": after})
            except IntegrityError as error:
                told = str(error)
            else:
                told = ""
            assert (f"cannot move from {before} to {after}" in told) == (after not in MOVES[before])
