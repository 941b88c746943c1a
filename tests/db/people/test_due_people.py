"""Who is due for a birthday greeting or a visit, by the two SQL statements of planning."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.imports import runs
from db.store.people import contacts, profiles, visits
from db.store.people.accounts import AccountRecord
from db.store.people.contacts import DueBirthday
from db.store.people.visits import DueVisit
from db.tables import Contact, Exclusion, Interaction
from tests.builders import (
    LONG_AGO,
    a_campaign,
    a_contact,
    action,
    an_account,
    database_now,
)
from tests.db.helpers import run_without_triggers
from worker.errors import Reason
from worker.rules.dates.birthdays import birthday_occasion
from worker.rules.model import (
    ActionState,
    ContactStatus,
    ImportSource,
    Kind,
)
from worker.rules.sourcing.profile import Profile

DAY = date(2027, 3, 4)
MONTHS = {"months": 6, "no_repeat_days": 30, "limit": 9}


def due(session: Session, account: AccountRecord, late_days: int = 0) -> Sequence[DueBirthday]:
    return contacts.list_due_birthdays(session, account.id, DAY, late_days, texts_since=LONG_AGO)


def an_action(
    session: Session, account: AccountRecord, contact: Contact, kind: Kind, occasion: str = "test"
) -> PlannedAction:
    campaign = campaigns.find_campaign(session, a_campaign(session, account))
    assert campaign is not None
    draft = PlannedAction(contact.id, occasion, DAY, "Hi!")
    assert plans.insert_plan(session, campaign, kind, [draft]) == 1
    return draft


def happened(session: Session, contact: Contact, at: datetime, **values: object) -> None:
    row = Interaction(
        account_id=contact.account_id, contact_id=contact.id, source_key=uuid4().hex, type=Kind.VISIT,
        status="imported", occasion="x", message="", correlation_id="test", created_at=at,
    )  # fmt: skip
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()


def test_a_birthday_says_what_is_planned_for_it_and_for_no_other(session: Session) -> None:
    account = an_account(session)
    ann, bob = (a_contact(session, account, slug, birthday=DAY) for slug in ("ann", "bob"))
    an_action(session, account, ann, Kind.VISIT, birthday_occasion(DAY))
    an_action(session, account, ann, Kind.GREET, "birthday:2026")
    assert [row.planned_as for row in due(session, account)] == [None, None]
    an_action(session, account, bob, Kind.GREET, birthday_occasion(DAY))
    assert [row.planned_as for row in due(session, account)] == [None, ActionState.PLANNED]


def test_the_place_of_a_profile_comes_with_the_person(session: Session) -> None:
    account = an_account(session)
    ann, bob = (a_contact(session, account, slug, birthday=DAY) for slug in ("ann", "bob"))
    ann.profile = {"location": "Budapest, Hungary"}
    session.flush()
    assert [row.location for row in due(session, account)] == ["Budapest, Hungary", None]
    assert contacts.get_addressee(session, ann.id, DAY).location == "Budapest, Hungary"
    assert contacts.get_addressee(session, bob.id, DAY).location is None


def test_only_what_concerns_this_birthday_leaves_somebody_out(session: Session) -> None:
    account, other = an_account(session), an_account(session, "other")
    ann = a_contact(session, account, "ann", birthday=DAY)
    ann.last_greeted_on = DAY - timedelta(days=1)
    a_contact(session, other, "bob", birthday=DAY)
    prospect = a_contact(session, account, "eve", birthday=DAY)
    prospect.status = ContactStatus.PROSPECT
    now = database_now(session)
    happened(session, ann, now, occasion=birthday_occasion(DAY))  # a visit
    happened(session, ann, now, occasion="birthday:2026", type=Kind.GREET, message="Hi")
    session.add(Exclusion(account_id=account.id, occasion=birthday_occasion(DAY), name_key="bob"))
    session.flush()
    (only,) = due(session, account)
    assert (only.contact_id, only.left_out, only.texts) == (ann.id, None, ("Hi",))
    ann.last_greeted_on = DAY
    session.flush()
    assert [row.left_out for row in due(session, account)] == [Reason.ALREADY_GREETED]


def test_do_not_contact_is_told_before_any_other_reason(session: Session) -> None:
    account = an_account(session)
    ann = a_contact(session, account, "ann", birthday=DAY)
    ann.do_not_contact, ann.last_greeted_on, ann.status = True, DAY, ContactStatus.NOT_CONNECTED
    session.flush()
    assert [row.left_out for row in due(session, account)] == [Reason.DO_NOT_CONTACT]


def unseen(session: Session, account: AccountRecord) -> list[int]:
    return [row.contact_id for row in visits.list_unseen_connections(session, account.id, **MONTHS)]


def named(session: Session, account: AccountRecord, *people: Contact) -> list[DueVisit]:
    ids = [person.id for person in people]
    return list(visits.check_contacts(session, account.id, ids, no_repeat_days=30))


def test_who_was_not_seen_for_long_is_a_connection_that_may_be_visited(session: Session) -> None:
    account, other = an_account(session), an_account(session, "other")
    ann, prospect, left_alone, gone = (
        a_contact(session, account, slug) for slug in ("ann", "prospect", "left-alone", "gone")
    )
    theirs, unnamed = a_contact(session, other, "bob"), a_contact(session, account, "unnamed")
    unnamed.status = ContactStatus.PROSPECT
    prospect.status, left_alone.do_not_contact = ContactStatus.PROSPECT, True
    session.flush()
    run_without_triggers(
        session,
        "update contacts set forgotten_at = now(), profile_url = 'forgotten:' || id where id = :id",
        id=gone.id,
    )
    session.expire_all()
    assert unseen(session, account) == [ann.id]
    told = named(session, account, theirs, gone, left_alone, prospect, ann)
    assert [(row.contact_id, row.left_out) for row in told] == [
        (left_alone.id, Reason.DO_NOT_CONTACT), (prospect.id, None), (ann.id, None),
    ]  # fmt: skip


def test_a_visit_that_was_made_tried_or_planned_is_not_made_again(session: Session) -> None:
    account = an_account(session)
    ann, bob = (a_contact(session, account, slug) for slug in ("ann", "bob"))
    edge = database_now(session) - timedelta(days=30)
    draft = an_action(session, account, ann, Kind.VISIT)
    (row, _) = named(session, account, ann, bob)
    assert (row.planned, row.left_out) == (True, None)
    assert unseen(session, account) == [bob.id]
    for state in ActionState:
        moved = "update actions set state = :state, reason = 'gap', lease_until = now()"
        run_without_triggers(session, moved, state=state)
        on_its_way = state in {"planned", "queued", "claimed", "acting"}
        assert named(session, account, ann)[0].planned is on_its_way
        assert (ann.id in unseen(session, account)) is not on_its_way
    for at, left_out in ((edge + timedelta(seconds=1), Reason.VISITED_LATELY), (edge, None)):
        action(session, draft.id).acting_since = at
        session.flush()
        (tried,) = named(session, account, ann)
        assert (tried.left_out, tried.seen_at) == (left_out, at)
        assert ann.id not in unseen(session, account)
    action(session, draft.id).acting_since = None
    happened(session, bob, edge)
    assert named(session, account, bob)[0].left_out is None
    happened(session, bob, edge + timedelta(seconds=1))
    assert named(session, account, bob)[0].left_out is Reason.VISITED_LATELY
    happened(session, ann, database_now(session), type=Kind.GREET)
    draft = an_action(session, account, ann, Kind.GREET)
    action(session, draft.id).acting_since = database_now(session)
    session.flush()
    assert named(session, account, ann)[0].left_out is None


def test_a_greeting_that_is_planned_keeps_no_visit_from_being_planned(session: Session) -> None:
    account = an_account(session)
    ann = a_contact(session, account, "ann")
    an_action(session, account, ann, Kind.GREET)
    assert [row.planned for row in named(session, account, ann)] == [False]
    assert unseen(session, account) == [ann.id]


def test_somebody_visited_within_the_days_is_seen_whatever_the_months(session: Session) -> None:
    account = an_account(session)
    ann = a_contact(session, account, "ann")
    happened(session, ann, database_now(session) - timedelta(days=30) + timedelta(seconds=1))
    ask = {**MONTHS, "months": 0}
    assert visits.list_unseen_connections(session, account.id, **ask) == []
    session.execute(update(Interaction).values(created_at=database_now(session) - timedelta(days=30)))
    assert [row.contact_id for row in visits.list_unseen_connections(session, account.id, **ask)] == [ann.id]


def test_a_profile_that_was_read_for_a_search_was_seen(session: Session) -> None:
    account = an_account(session)
    ann, bob, eve = (a_contact(session, account, slug) for slug in ("ann", "bob", "eve"))
    profiles.save_profile(session, ann.id, Profile(ann.profile_url, "Ann", "", "", 1, open_to_work=False))
    session.execute(text("update profiles set read_at = now() - interval '6 months'"))
    happened(session, bob, database_now(session) - timedelta(days=400))
    assert unseen(session, account) == [eve.id, bob.id, ann.id]
    (first,) = visits.list_unseen_connections(session, account.id, **{**MONTHS, "limit": 1})
    assert first.contact_id == eve.id
    session.execute(text("update profiles set read_at = now() - interval '6 months' + interval '1 s'"))
    assert unseen(session, account) == [eve.id, bob.id]


def test_whom_we_greeted_ourselves_is_known_after_an_import_is_undone(session: Session) -> None:
    account = an_account(session)
    first, second = (
        runs.begin_import(session, account_id=account.id, source=ImportSource.CSV, file_name="x", by="me")
        for _ in range(2)
    )
    ann, bob = (a_contact(session, account, slug) for slug in ("ann", "bob"))
    ann.import_id, bob.import_id = first, second
    ann.last_greeted_on = bob.last_greeted_on = DAY + timedelta(days=9)  # as the files said
    session.flush()
    for days, kind, state in (
        (0, Kind.GREET, "done"),
        (-2, Kind.GREET, "done"),
        (1, Kind.VISIT, "done"),
        (2, Kind.GREET, "skipped"),
    ):
        draft = an_action(session, account, ann, kind, f"{kind} {days}")
        moved = "update actions set state = :state, reason = 'gap', occasion_on = :on where id = :id"
        run_without_triggers(session, moved, state=state, on=DAY + timedelta(days=days), id=draft.id)
    session.execute(load_query("last_greeted"), {"import_id": first})
    session.expire_all()
    assert (ann.last_greeted_on, bob.last_greeted_on) == (DAY, DAY + timedelta(days=9))


def test_a_greeting_confirmed_by_hand_counts_for_its_birthday_whatever_its_day(session: Session) -> None:
    account = an_account(session)
    ann = a_contact(session, account, "ann", birthday=DAY)
    draft = an_action(session, account, ann, Kind.GREET, birthday_occasion(DAY))
    run_without_triggers(
        session, "update actions set state = 'done', reason = 'settled_by_hand' where id = :id", id=draft.id
    )
    ann.last_greeted_on = DAY - timedelta(days=1)  # in a zone that was a day behind
    session.flush()
    (due,) = contacts.list_due_birthdays(session, account.id, DAY, 0, texts_since=database_now(session))
    assert due.left_out is Reason.ALREADY_GREETED
