"""A person's page: what it says, and each change that can be made on it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from api_stub.console.session import Role
from db.engine import Database
from db.store import audit
from db.store.privacy import tombstones
from db.tables import Action, Contact, Import, ImportChange, Interaction
from tests.builders import SANDBOX, a_contact, an_account
from tests.console.conftest import Console, with_token
from tests.console.people.conftest import Known, contact
from worker.errors import Reason
from worker.rules.model import ActionState


def changes(database: Database, contact_id: int) -> list[tuple[str, str]]:
    with database.transaction() as session:
        return [(each.change, each.by) for each in audit.list_changes(session, about=f"contact:{contact_id}")]


def greeting(database: Database, contact_id: int) -> Action:
    with database.transaction() as session:
        return session.scalars(select(Action).where(Action.contact_id == contact_id)).one()


def test_each_fact_says_where_it_comes_from(console: Console, known: Known, database: Database) -> None:
    with database.transaction() as session:
        file = Import(
            account_id=known.account.id, source="csv", file_name="friends.csv", started_by="olga", report={}
        )
        session.add(file)
        session.flush()
        before = {"birth_month": None, "birth_day": None, "language": None}
        session.add(ImportChange(import_id=file.id, contact_id=known.zoe, before=before))
        zoe = session.get_one(Contact, known.zoe)
        zoe.language, zoe.email = "fr", "zoe@example.org"
    client = console()
    client.post(f"/people/{known.zoe}/edit", data=with_token(call_by="Zo", birthday="", language=""))
    page = client.get(f"/people/{known.zoe}").text
    facts = dict(each.split("</dt>")[:2] for each in page.split("<dt>")[1:])
    assert "Zo " in facts["Called"]
    assert "by hand: olga" in facts["Called"]
    assert "friends.csv" in facts["Birthday"]
    assert "year not known" in facts["Birthday"]
    assert "friends.csv" in facts["Language"]
    assert "a page of the site" in facts["E-mail"]
    assert "Hives and Sons" in facts["Company"]


def test_what_happened_is_told_newest_first_in_pages(
    console: Console, known: Known, database: Database
) -> None:
    with database.transaction() as session:
        for number in range(33):
            session.add(
                Interaction(
                    account_id=known.account.id, contact_id=known.ann, source_key=f"k{number}", type="greet",
                    status="seen", occasion=f"birthday:{1990 + number}", message=f"Text {number:02}",
                    correlation_id="x",
                )
            )  # fmt: skip
            session.flush()
            session.execute(
                text("update interactions set created_at = now() - :age * interval '1 day', replied_at = null"
                     " where source_key = :key"),
                {"age": 100 - number, "key": f"k{number}"},
            )  # fmt: skip
    client = console()
    client.post(f"/people/{known.ann}/hold", data=with_token(until=str(known.today + timedelta(days=9))))
    first = client.get(f"/people/{known.ann}").text
    assert "Put on hold until" in first
    assert "First seen on a page of the site" in first
    assert [f"Text {n:02}" in first for n in (32, 5, 4)] == [True, True, False]
    link = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(link).text
    assert [f"Text {n:02}" in second for n in (5, 4, 0)] == [False, True, True]
    assert 'rel="next"' not in second
    for nonsense in ("x", "2026-99-99T00:00:00+00:00_i1", "'; drop table x"):
        assert client.get(f"/people/{known.ann}", params={"before": nonsense}).status_code == 200


def test_a_left_out_action_says_why_and_leads_to_its_story(
    console: Console, known: Known, database: Database
) -> None:
    console().post(f"/people/{known.ann}/never", data=with_token())
    with database.transaction() as session:
        action = session.scalars(select(Action).where(Action.contact_id == known.ann)).one()
        action.state, action.reason = ActionState.SKIPPED, Reason.DO_NOT_CONTACT
        action_id = action.id
    page = console().get(f"/people/{known.ann}").text
    assert f'href="/actions/{action_id}"' in page
    assert "this person is not to be contacted" in page


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"birth_month": None, "birth_day": None}, "the birthday isn't known"),
        ({"do_not_contact": True}, "this person is not to be contacted"),
        ({"status": "not_connected"}, "this person is not connected to the account"),
        ({"full_name": "Dr. Müller"}, "there is no name to address this person by"),
        ({"birth_month": 4, "birth_day": 31}, "the birthday isn't known"),
        ({}, "no birthday campaign is scheduled"),
    ],
)
def test_it_says_why_no_greeting_is_planned(
    console: Console, known: Known, database: Database, change: dict[str, object], says: str
) -> None:
    with database.transaction() as session:
        for name, value in change.items():
            setattr(session.get_one(Contact, known.zoe), name, value)
    assert says in console().get(f"/people/{known.zoe}").text


def test_a_hold_is_for_every_account_and_ends_when_released(
    console: Console, known: Known, database: Database
) -> None:
    with database.transaction() as session:
        again = an_account(session, "other")
        twin = a_contact(session, again, "ann-lee", name="Ann Lee").id
    until, client = known.today + timedelta(days=2), console(Role.APPROVER)
    answer = client.post(
        f"/people/{known.ann}/hold", data=with_token(until=str(until), reason="  on  leave ")
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"/people/{known.ann}")
    page = client.get(f"/people/{known.ann}").text
    assert "Ann Lee is on hold until" in page
    assert "1 planned action waits." in page
    assert "on leave" in page
    assert {contact(database, each).hold_until for each in (known.ann, twin)} == {until}
    assert greeting(database, known.ann).reason == Reason.ON_HOLD
    client.post(f"/people/{known.ann}/release", data=with_token())
    assert {contact(database, each).hold_until for each in (known.ann, twin)} == {None}
    assert changes(database, twin) == [("contact.release", "olga"), ("contact.hold", "olga")]


@pytest.mark.parametrize(
    ("until", "reason"), [("", ""), ("2020-01-01", ""), ("soon", ""), ("2999-01-01", "x" * 201)]
)
def test_a_refused_hold_says_so_beside_what_was_typed(
    console: Console, known: Known, database: Database, until: str, reason: str
) -> None:
    answer = console().post(f"/people/{known.ann}/hold", data=with_token(until=until, reason=reason))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert f'value="{until}"' in answer.text
    assert contact(database, known.ann).hold_until is None


def test_never_contact_is_for_every_account_and_an_owner_takes_it_back(
    console: Console, known: Known, database: Database
) -> None:
    with database.transaction() as session:
        twin = a_contact(session, an_account(session, "other"), "ann-lee", name="Ann Lee").id
    approver = console(Role.APPROVER, name="anna")
    approver.post(f"/people/{known.ann}/never", data=with_token())
    assert [contact(database, each).do_not_contact for each in (known.ann, twin)] == [True, True]
    assert approver.post(f"/people/{known.ann}/allow", data=with_token()).status_code == 403
    console().post(f"/people/{known.ann}/allow", data=with_token())
    assert [contact(database, each).do_not_contact for each in (known.ann, twin)] == [False, True]
    assert changes(database, known.ann) == [("contact.allow", "olga"), ("contact.never", "anna")]


def test_a_correction_changes_the_greeting_and_can_be_taken_back(
    console: Console, known: Known, database: Database
) -> None:
    client, here = console(), f"/people/{known.ann}/edit"
    client.post(here, data=with_token(call_by="Annie", birthday="1980-03-14", language="FR"))
    ann = contact(database, known.ann)
    assert (ann.call_by, ann.birth_year, ann.birth_month, ann.birth_day) == ("Annie", 1980, 3, 14)
    assert ann.language == "fr"
    assert (ann.by_hand or {})["call_by"]["by"] == "olga"
    form = client.get(here).text
    assert 'value="Annie"' in form
    assert 'value="1980-03-14"' in form
    assert 'value="fr"' in form
    client.post(here, data=with_token(call_by="", birthday="", language=""))
    ann = contact(database, known.ann)
    assert (ann.call_by, ann.birth_year, ann.language, ann.by_hand) == (None, None, None, None)
    assert ann.birth_day == known.today.day
    assert changes(database, known.ann) == [("contact.edit", "olga")] * 2


@pytest.mark.parametrize(
    ("field", "given", "says"),
    [
        ("birthday", "31-12", "There is no such day"), ("birthday", "x", "Write month-day"),
        ("birthday", "2999-01-01", "The year must lie"), ("language", "xx", "two letters"),
        ("call_by", "{first_name}", "look like a placeholder"), ("call_by", "1", "no letter in it"),
        ("call_by", "A\u202eB", "invisible character"), ("call_by", "W" * 300, "at most 40 characters"),
    ],
)  # fmt: skip
def test_a_refused_correction_says_why_and_changes_nothing(  # noqa: PLR0917 -- pytest passes each by its name
    console: Console, known: Known, database: Database, field: str, given: str, says: str
) -> None:
    typed = {"call_by": "Annie", "birthday": "", "language": "", field: given}
    answer = console().post(f"/people/{known.ann}/edit", data=with_token(**typed))
    assert answer.status_code == 422
    assert says in answer.text
    assert contact(database, known.ann).by_hand is None


def test_the_name_as_typed_shows_the_greeting_and_stores_nothing(
    console: Console, known: Known, database: Database
) -> None:
    client = console()
    said = client.post(f"/people/{known.ann}/greeting", data=with_token(call_by="Nanette")).text
    assert "<blockquote" in said
    assert "Nanette" in said
    assert "<html" not in said
    assert "placeholder" in client.post(f"/people/{known.ann}/greeting", data=with_token(call_by="{x}")).text
    form = client.post(f"/people/{known.ann}/edit", data=with_token(call_by="Nanette", check="1"))
    assert form.status_code == 200
    assert "Nanette" in form.text
    assert contact(database, known.ann).call_by is None


def test_forgetting_needs_the_word_and_leaves_only_the_hash(
    console: Console, known: Known, database: Database
) -> None:
    with database.transaction() as session:
        twin = a_contact(session, an_account(session, "other"), "ann-lee", name="Ann Lee").id
    fingerprint = tombstones.hash_address(f"{SANDBOX}ann-lee/")
    client, here = console(), f"/people/{known.ann}/forget"
    assert fingerprint.hex() in client.get(here).text
    for word in ("", "y", "YES", "no"):
        assert client.post(here, data=with_token(yes=word)).status_code == 422
    assert contact(database, known.ann).forgotten_at is None
    assert console(Role.APPROVER).post(here, data=with_token(yes="yes")).status_code == 403
    answer = client.post(here, data=with_token(yes="yes"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    listed = client.get("/people").text
    assert "The person was forgotten." in listed
    assert "2 contacts erased." in listed
    assert "Ann Lee" not in listed
    assert client.get(f"/people/{known.ann}").status_code == 404
    with database.transaction() as session:
        kept = session.scalars(text("select fingerprint from tombstones")).all()
        rows = session.scalars(
            text("select cast(c as text) from contacts c union all select cast(a as text) from actions a")
        ).all()
    assert kept == [fingerprint]
    assert twin
    assert not any("ann" in row.lower() and "elsewhere" not in row.lower() for row in rows)
    assert changes(database, known.ann) == [("contact.forget", "olga")]


@pytest.mark.parametrize("change", ["hold", "release", "never", "allow", "edit", "greeting", "forget"])
def test_changes_need_their_role_and_the_token_of_the_session(
    console: Console, known: Known, database: Database, change: str
) -> None:
    fields = {"until": "2999-01-01", "call_by": "X", "yes": "yes"}
    here = f"/people/{known.ann}/{change}"
    assert console(Role.VIEWER).post(here, data=with_token(**fields)).status_code == 403
    assert console().post(here, data=fields).status_code == 400
    ann = contact(database, known.ann)
    assert (ann.hold_until, ann.do_not_contact, ann.by_hand, ann.forgotten_at) == (None, False, None, None)


def test_a_viewer_sees_the_person_without_the_changes(console: Console, known: Known) -> None:
    page = console(Role.VIEWER).get(f"/people/{known.ann}").text
    assert "Ann Lee" in page
    assert "<form" not in page
    assert "/forget" not in page
    assert console(Role.VIEWER).get(f"/people/{known.ann}/edit").status_code == 403


@pytest.mark.parametrize("path", ["0", "999999", "x", "1'", "9" * 30, "%C2%B2", "-1"])
def test_nobody_has_this_number(console: Console, known: Known, path: str) -> None:
    for rest in ("", "/edit", "/forget"):
        assert console().get(f"/people/{path}{rest}").status_code == 404
