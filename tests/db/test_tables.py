"""Rows that checks, keys and triggers refuse, whatever the code does."""

import traceback
from itertools import permutations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.engine import Database, RowRefusedError
from db.store.api_keys import add_key
from db.store.campaigns import schedules
from db.store.kill_switch import pull_kill_switch
from db.tables import Contact, Exclusion, Interaction
from tests.builders import LONG_AGO, SANDBOX, a_contact, a_search, add_planned, an_account, found
from tests.db.helpers import run_without_triggers
from worker.rules.access import KeyScope
from worker.rules.lifecycle import TRANSITIONS
from worker.rules.model import ActionState, CampaignKind
from worker.rules.texts.bounds import MAX_ERROR, MAX_LINE, MAX_NAME, MAX_PROFILE_BYTES, MAX_TEXT

ONCE = [
    ("accounts", "name, site, time_zone", "uq_accounts_name"),
    ("contacts", "account_id, profile_url, full_name", "uq_contacts_profile_url_account_id"),
    (
        "exclusions",
        "account_id, profile_url",
        "uq_exclusions_account_id_profile_url_name_key_occasion",
    ),
    ("hits", "campaign_id, contact_id, page", "pk_hits"),
    (
        "interactions",
        "account_id, contact_id, source_key, type, status, occasion, message, correlation_id",
        "uq_interactions_account_id_source_key",
    ),
    ("schedules", "account_id, kind, cron, next_fire_at", "uq_schedules_account_id_kind"),
]
"""Tables, the columns that a second row may not repeat, and the key that refuses it."""

OWNED = [
    ("actions", "account_id"), ("actions", "contact_id"), ("actions", "campaign_id"),
    ("interactions", "account_id"), ("interactions", "contact_id"), ("interactions", "action_id"),
    ("campaigns", "account_id"), ("contacts", "account_id"), ("exclusions", "account_id"),
    ("schedules", "account_id"), ("hits", "campaign_id"), ("hits", "contact_id"), ("searches", "campaign_id"),
]  # fmt: skip

BOUNDED = [
    ("actions", "message", MAX_TEXT), ("actions", "detail", MAX_ERROR), ("actions", "called", MAX_NAME),
    ("actions", "approved_by", MAX_LINE), ("campaigns", "detail", MAX_ERROR),
    ("contacts", "full_name", MAX_NAME), ("contacts", "call_by", MAX_NAME), ("contacts", "email", MAX_NAME),
    ("contacts", "hold_reason", MAX_LINE), ("contacts", "hold_by", MAX_LINE),
    ("exclusions", "note", MAX_ERROR), ("interactions", "message", MAX_TEXT),
    ("interactions", "reply", MAX_TEXT), ("kill_switch", "pulled_by", MAX_LINE),
]  # fmt: skip
"""Columns of text and the characters that they hold at most."""

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
    ("actions", "state = 'proposed', reason = null", "ck_actions_says_why"),
    ("actions", "contact_id = null", "ck_actions_on_whom"),
    ("actions", "kind = 'collect'", "ck_actions_on_whom"),
    ("interactions", "type = 'shout'", "ck_interactions_type"),
    ("interactions", "source_key = null", "ck_interactions_origin"),
    ("interactions", "action_id = (select id from actions)", "ck_interactions_origin"),
    ("kill_switch", "id = 2", "ck_kill_switch_only_one"),
    ("api_keys", "name = 'api'", "ck_api_keys_name"),
    ("api_keys", "name = 'Big'", "ck_api_keys_name"),
    ("api_keys", "public_id = 'short'", "ck_api_keys_public_id"),
    ("api_keys", "secret_hash = 'x'", "ck_api_keys_hash"),
    ("api_keys", "former_until = now()", "ck_api_keys_former_whole"),
    ("api_keys", "scopes = '{}'", "ck_api_keys_scopes"),
    ("api_keys", "scopes = array['root']", "ck_api_keys_scopes"),
    ("api_keys", "per_minute = 0", "ck_api_keys_limits"),
    ("api_keys", "expires_at = created_at", "ck_api_keys_expires_later"),
    ("exclusions", "name_key = 'ann'", "ck_exclusions_one_person"),
    ("exclusions", "profile_url = null", "ck_exclusions_one_person"),
    ("contacts", "forgotten_at = now()", "ck_contacts_erased"),
    ("contacts", "birth_year = 1899", "ck_contacts_birth_year"),
    ("contacts", "birth_year = 2101", "ck_contacts_birth_year"),
    ("contacts", "score = -1", "ck_contacts_score"),
    ("contacts", "birth_month = 0, birth_day = 1", "ck_contacts_birthday"),
    ("contacts", "birth_month = 1, birth_day = 0", "ck_contacts_birthday"),
    ("accounts", "keep_days = 7", "ck_accounts_keep_days"),
    ("campaigns", "reason = 'because'", "ck_campaigns_reason"),
    ("schedules", "kind = 'spam'", "ck_schedules_kind"),
    ("hits", "score = 101, reasons = '[]'", "ck_hits_score"),
    ("hits", "score = 1, reasons = null", "ck_hits_says_why"),
    ("hits", "score = null, reasons = '[]'", "ck_hits_says_why"),
    ("searches", "pages = -1", "ck_searches_counts"),
    ("searches", "ended = 'bored'", "ck_searches_ended"),
    *(
        (table, f"{column} = repeat('é', {most + 1})", f"ck_{table}_short_{column}")
        for table, column, most in BOUNDED
    ),
    (
        "contacts",
        f"profile = jsonb_build_object('about', repeat('x', {MAX_PROFILE_BYTES}))",
        "ck_contacts_short_profile",
    ),
]


def one_row_of_each(session: Session) -> None:
    account = an_account(session)
    campaign_id, (ann,) = a_search(session, account, found("ann"))
    add_planned(session, account, session.get_one(Contact, ann), campaign_id=campaign_id)
    session.add(Exclusion(account_id=account.id, profile_url=f"{SANDBOX}bob/"))
    add_key(session, "crm", [KeyScope.READ], lifetime=None, per_minute=1, burst=1, by="ops")
    session.add(
        Interaction(
            account_id=account.id, contact_id=ann, source_key="v1:1", type="visit", status="imported",
            occasion="x", message="", correlation_id="test",
        )
    )  # fmt: skip
    pull_kill_switch(session, "tests")
    schedules.save_schedule(
        session, account_id=account.id, kind=CampaignKind.BIRTHDAY, cron="0 7 * * *", options={},
        next_fire_at=LONG_AGO,
    )  # fmt: skip


def test_a_row_that_breaks_a_promise_is_refused(database: Database) -> None:
    with database.transaction() as session:
        one_row_of_each(session)
    for table, change, check in REFUSED:
        with pytest.raises(RowRefusedError, match=check), database.transaction() as session:
            run_without_triggers(session, f"update {table} set {change}")


def test_a_text_of_the_greatest_length_is_taken(database: Database) -> None:
    with database.transaction() as session:
        one_row_of_each(session)
        for table, column, most in BOUNDED:
            run_without_triggers(session, f"update {table} set {column} = repeat('é', {most})")


def test_what_happens_once_has_a_key_that_refuses_the_second(database: Database) -> None:
    with database.transaction() as session:
        one_row_of_each(session)
    for table, columns, key in ONCE:
        again = f"insert into {table} ({columns}) select {columns} from {table}"
        with pytest.raises(RowRefusedError, match=key), database.transaction() as session:
            run_without_triggers(session, again)


def test_what_belongs_to_nobody_is_refused(database: Database) -> None:
    with database.transaction() as session:
        one_row_of_each(session)
    for table, column in OWNED:
        nobody = "gen_random_uuid()" if column in {"action_id", "campaign_id"} else "-1"
        change = f"update {table} set {column} = {nobody}"
        if (table, column) == ("interactions", "action_id"):
            change += ", source_key = null"
        refused = pytest.raises(RowRefusedError, match=f"fk_{table}_{column}")
        with refused, database.transaction() as session:
            session.execute(text(change))


def test_with_an_account_goes_all_that_is_its(database: Database) -> None:
    with database.transaction() as session:
        one_row_of_each(session)
        session.execute(text("delete from accounts"))
        for table in (
            "campaigns",
            "contacts",
            "actions",
            "interactions",
            "hits",
            "schedules",
            "action_events",
        ):
            assert session.scalar(text(f"select count(*) from {table}")) == 0, table


def test_with_a_reason_each_of_those_states_is_taken(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(session, account, a_contact(session, account, "ann"))
        for state in ("skipped", "failed", "uncertain", "needs_review"):
            run_without_triggers(session, f"update actions set state = '{state}', reason = 'cannot_tell'")
        waits = "update actions set state = 'planned', not_before = now() + interval '1 day'"
        run_without_triggers(session, waits)


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
        add_planned(session, account, a_contact(session, account, "ann"), text="a private text")
    with pytest.raises(RowRefusedError, match="ck_actions_kind") as told, database.transaction() as session:
        session.execute(text("update actions set kind = 'shout'"))
    assert "a private text" not in "".join(traceback.format_exception(told.value))


def test_the_database_itself_refuses_every_move_that_the_rule_does_not_list(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(session, account, a_contact(session, account, "ann"))
        run_without_triggers(session, "update actions set reason = 'cannot_tell', lease_until = now()")
        for before, after in permutations(ActionState, 2):
            run_without_triggers(session, "update actions set state = :state", state=before)
            try:
                with session.begin_nested():
                    session.execute(text("update actions set state = :state"), {"state": after})
            except IntegrityError as error:
                told = str(error)
            else:
                told = ""
            assert (f"cannot move from {before} to {after}" in told) == (after not in TRANSITIONS[before])
