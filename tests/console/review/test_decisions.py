"""Deciding on the pages: bound to what was shown, by who may, once, and taken back in time."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import unquote
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from api_stub.console.session import Role
from db.engine import Database
from db.store import audit
from db.store.actions import events
from db.store.actions.review import approval, undo
from db.tables import Action, Contact, StoredDecision
from tests.builders import database_now
from tests.console.conftest import Console, with_token
from tests.console.review.helpers import propose, row, seen
from tests.db.helpers import queue_due_actions
from tests.http.conftest import TestClient
from worker.errors import Reason
from worker.rules.messages.approval import UNDO_FOR, approval_hash
from worker.rules.model import ActionState

S = ActionState


def press(client: TestClient, action_id: UUID, what: str, hashed: str, **fields: object) -> tuple[int, str]:
    """Send a card's form; return the status and the page, or what the next page says."""
    answer = client.post(f"/review/{action_id}/{what}", data=with_token(seen=hashed, **fields))
    if answer.status_code == 303:
        return 303, client.get(answer.headers["location"]).text
    return answer.status_code, answer.text


def test_each_decision_is_made_by_its_form_and_names_who_made_it(
    console: Console, database: Database
) -> None:
    ann, bob, eve, zoe = propose(database, "Ann A", "Bob B", "Eve E", "Zoe Z")
    client = console(Role.APPROVER, name="olga")
    names = {each: row_name(database, each) for each in (ann, bob, eve, zoe)}
    with database.transaction() as session:
        until = database_now(session).date() + timedelta(days=5)
    for action_id, what, fields, says in (
        (ann, "approve", {}, "approved."),
        (bob, "drop", {}, "left out this time."),
        (eve, "never", {}, "never contacted again."),
        (zoe, "hold", {"until": until.isoformat()}, "on hold until"),
    ):
        status, page = press(client, action_id, what, seen(database, action_id), **fields)
        assert (status, f"{names[action_id]}: {says}" in page) == (303, True)
    states = {each: (row(database, each).state, row(database, each).reason) for each in (ann, bob, eve, zoe)}
    assert states == {
        ann: (S.PLANNED, None),
        bob: (S.SKIPPED, Reason.DROPPED_BY_HAND),
        eve: (S.SKIPPED, Reason.DO_NOT_CONTACT),
        zoe: (S.PROPOSED, Reason.AWAITING_APPROVAL),
    }
    with database.transaction() as session:
        assert [events.list_events(session, each)[-1].actor for each in (ann, bob, eve)] == ["olga"] * 3
        held = session.scalars(select(Contact).where(Contact.hold_until.is_not(None))).one()
        assert (held.full_name, held.hold_until, held.hold_by) == (names[zoe], until, "olga")
        changes = audit.list_changes(session)
        told = {(each.by, each.change, each.about) for each in changes if "proposal" in each.change}
    assert told == {
        ("olga", f"proposal.{what}", str(each))
        for each, what in ((ann, "approved"), (bob, "dropped"), (eve, "never"), (zoe, "held"))
    }


def row_name(database: Database, action_id: UUID) -> str:
    with database.transaction() as session:
        return session.scalars(
            select(Contact.full_name)
            .join(Action, Action.contact_id == Contact.id)
            .where(Action.id == action_id)
        ).one()


CHANGES = {
    "the text": (Action, {"message": "Hello!"}),
    "the recipient": (Contact, {"profile_url": "https://x/y/"}),
}
FORMS: Mapping[str, Mapping[str, str]] = {
    "approve": {}, "drop": {}, "never": {}, "hold": {"until": "2999-01-01"}, "edit": {"text": "Mine, Ann"},
    "template": {"shown": approval_hash("https://sandbox.test/in/p0-0/", "Happy birthday, Ann!")},
}  # fmt: skip


@pytest.mark.parametrize(
    ("what", "change"), [*((what, "the text") for what in FORMS), ("approve", "the recipient")]
)
def test_what_changed_since_it_was_shown_is_refused_and_shown_anew(
    console: Console, database: Database, what: str, change: str
) -> None:
    (ann,) = propose(database, "Ann Example")
    old = seen(database, ann)
    table, values = CHANGES[change]
    with database.transaction() as session:
        session.execute(update(table).values(**values))
    status, page = press(console(), ann, what, old, **FORMS[what])
    assert status == 409
    assert "its recipient or its text has changed since it was shown" in page
    assert seen(database, ann) in page
    assert row(database, ann).state == S.PROPOSED
    with database.transaction() as session:
        ann_now = session.scalars(select(Contact)).one()
        assert (ann_now.do_not_contact, ann_now.hold_until) == (False, None)


def test_the_second_of_two_people_is_told_what_was_decided_and_by_whom(
    console: Console, database: Database
) -> None:
    (ann,) = propose(database, "Ann Example")
    hashed = seen(database, ann)
    first, second = console(name="olga"), console(Role.APPROVER, name="paul")
    assert press(first, ann, "drop", hashed)[0] == 303
    for what, fields in FORMS.items():
        status, page = press(second, ann, what, hashed, **fields)
        assert status == 409
        assert "it is decided already: " in page
        assert "by olga" in page
        assert f"/actions/{ann}" in page
    for part in ("", "/edit", "/template", "/hold", "/never"):
        assert "by olga" in second.get(f"/review/{ann}{part}").text


def test_a_viewer_decides_nothing(console: Console, database: Database) -> None:
    (ann,) = propose(database, "Ann Example")
    client = console(Role.VIEWER)
    for what in (*FORMS, "check"):
        assert press(client, ann, what, seen(database, ann), **FORMS.get(what, {}))[0] == 403
    assert (
        client.post("/review/many", data=with_token(seen=f"{ann} {seen(database, ann)}")).status_code == 403
    )
    assert client.post("/review/undo", data=with_token(made=uuid4())).status_code == 403
    for part in ("/edit", "/template", "/hold", "/never"):
        assert client.get(f"/review/{ann}{part}").status_code == 403
    assert row(database, ann).state == S.PROPOSED


def test_a_form_of_another_page_or_of_nobody_changes_nothing(console: Console, database: Database) -> None:
    (ann,) = propose(database, "Ann Example")
    client = console()
    hashed = seen(database, ann)
    assert client.post(f"/review/{ann}/approve", data={"seen": hashed}).status_code == 400
    assert press(client, uuid4(), "approve", hashed)[0] == 404
    assert client.get(f"/review/{uuid4()}").status_code == 404
    for given in ("x", f"{ann}", f"x {hashed}", f"{ann} {hashed} x"):
        assert client.post("/review/many", data=with_token(seen=given)).status_code == 400
    assert client.post("/review/undo", data=with_token()).status_code == 400
    assert row(database, ann).state == S.PROPOSED


def test_all_of_a_day_at_once_says_who_was_approved_and_who_not_and_why(
    console: Console, database: Database
) -> None:
    ann, bob, eve = propose(database, "Ann A", "Bob B", "Eve E")
    given = [f"{each} {seen(database, each)}" for each in (ann, bob, eve)]
    with database.transaction() as session:
        session.execute(update(Action).where(Action.id == bob).values(message="Another"))
        approval.drop_proposal(session, eve, by="paul")
    client = console(name="olga")
    page = client.post("/review/many", data=with_token(seen=[*given, f"{uuid4()} {'0' * 64}"])).text
    assert "One greeting was approved" in page
    assert "3 were not" in page
    assert page.index("has changed since it was shown") > 0
    assert "it is decided already: " in page
    assert "by paul" in page
    assert "there is no such action" in page
    assert [row(database, each).state for each in (ann, bob, eve)] == [S.PLANNED, S.PROPOSED, S.SKIPPED]
    with database.transaction() as session:
        made = session.scalars(select(StoredDecision.id)).one()
    answer = client.post("/review/undo", data=with_token(made=made))
    assert "Taken back: it waits for you again." in client.get(answer.headers["location"]).text
    assert row(database, ann).state == S.PROPOSED


def test_a_decision_is_taken_back_by_who_made_it_in_time_and_before_it_is_sent(
    console: Console, database: Database
) -> None:
    (ann,) = propose(database, "Ann Example")
    olga, paul = console(name="olga"), console(name="paul")

    def take_back(client: TestClient) -> str:
        with database.transaction() as session:
            newest = select(StoredDecision.id).order_by(StoredDecision.decided_at.desc()).limit(1)
            made = session.scalars(newest).one()
        answer = client.post("/review/undo", data=with_token(made=made))
        return str(client.get(answer.headers["location"]).text)

    press(olga, ann, "approve", seen(database, ann))
    assert 'name="made"' in olga.get("/review").text
    assert 'name="made"' not in paul.get("/review").text
    assert "only who decided can take it back" in take_back(paul)
    assert "Taken back: it waits for you again." in take_back(olga)
    assert "it has changed since, or was taken back before" in take_back(olga)
    press(olga, ann, "drop", seen(database, ann))
    with database.transaction() as session:
        session.execute(update(StoredDecision).values(decided_at=StoredDecision.decided_at - UNDO_FOR))
    assert "possible for 30 seconds only" in take_back(olga)
    with database.transaction() as session:
        session.execute(update(StoredDecision).values(decided_at=StoredDecision.decided_at + UNDO_FOR))
    take_back(olga)
    press(olga, ann, "approve", seen(database, ann))
    with database.transaction() as session:
        assert queue_due_actions(session) == [ann]
    assert "it is being sent already" in take_back(olga)


def test_never_is_offered_back_for_one_person_however_many_accounts_know_them(
    console: Console, database: Database
) -> None:
    (ann,), (same,) = propose(database, "Ann A"), propose(database, "Ann A", account="second")
    client = console()
    press(client, ann, "never", seen(database, ann))
    assert [row(database, each).state for each in (ann, same)] == [S.SKIPPED, S.SKIPPED]
    offer = client.get("/review").text.partition('id="undo-what"')[2]
    assert "Ann A: never contacted again." in offer.partition("</span>")[0]


@pytest.mark.parametrize("until", ["", "tomorrow", "2020-01-01", "today"])
def test_a_day_that_ends_no_hold_is_refused_beside_the_field(
    console: Console, database: Database, until: str
) -> None:
    (ann,) = propose(database, "Ann Example")
    if until == "today":
        with database.transaction() as session:
            until = database_now(session).date().isoformat()
    status, page = press(console(), ann, "hold", seen(database, ann), until=until)
    assert status == 422
    assert 'id="until-error"' in page
    with database.transaction() as session:
        assert session.scalars(select(Contact.hold_until)).one() is None


def test_a_decision_leads_back_to_its_page_at_the_next_card(console: Console, database: Database) -> None:
    ann, bob = propose(database, "Ann Example", "Bob Example")
    answer = console().post(
        f"/review/{ann}/approve",
        data=with_token(seen=seen(database, ann), account="demo", after=ann, next=bob),
    )
    assert unquote(answer.headers["location"]) == f"/review?account=demo&after={ann}#p-{bob}"
    elsewhere = with_token(seen=seen(database, bob), account="//evil.example/#", next="x")
    assert console().post(f"/review/{bob}/approve", data=elsewhere).status_code == 400
    elsewhere["next"] = ""
    assert console().post(f"/review/{bob}/approve", data=elsewhere).status_code == 400
    del elsewhere["next"]
    location = console().post(f"/review/{bob}/approve", data=elsewhere).headers["location"]
    assert location.startswith("/review?account=%2F%2Fevil")
    with database.transaction() as session:
        assert undo.find_undoable(session, by="olga") is not None
