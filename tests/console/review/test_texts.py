"""Another text: checked while it is written and when it is sent, kept as typed, and of other templates."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from db.engine import Database
from db.store import audit
from db.store.campaigns import templates
from db.store.people import accounts
from db.tables import Contact, Interaction
from tests.builders import database_now
from tests.console.conftest import Console, with_token
from tests.console.review.helpers import propose, row, seen
from tests.http.conftest import TestClient
from worker.rules.model import ActionState

S = ActionState


@pytest.fixture
def ann(database: Database) -> UUID:
    (action_id,) = propose(database, "Ann Example")
    return action_id


def submit(client: TestClient, action_id: UUID, hashed: str, text: str, **fields: object) -> tuple[int, str]:
    answer = client.post(f"/review/{action_id}/edit", data=with_token(seen=hashed, text=text, **fields))
    return answer.status_code, answer.text.replace("&#39;", "'").replace("&#34;", '"')


def noted(page: str) -> str:
    (found,) = map(str, re.findall(r'name="noted" value="([0-9a-f]{64})"', page))
    return found


FAULTS = {
    "Hi Ann\a": "has a control character, U+0007, at character 7",
    "Hi\r\nAnn\u202e": "has a control character, U+202E (RIGHT-TO-LEFT OVERRIDE), at character 4 of line 2",
    "Hi Ann\N{REPLACEMENT CHARACTER}": "has a \N{REPLACEMENT CHARACTER} at character 7, in place of another",
    " ": "is empty: it has no visible character",
    "Ann" + "x" * 598: "has 601 characters; at most 600 are sent",
    "Hi {{ first_name }}": "has {{ first_name }} at character 4: only templates have fields, so write Ann",
    "Ann\n[First Name]": "has [First Name] at character 1 of line 2: only templates have fields, so write",
    "Hi Ann, %COMPANY%": "has %COMPANY% at character 9: only templates have fields, so write the words",
}
NOTES = {
    "Hi Anna!": "doesn't have the name Ann, by which this person is called: check whom it names",
    "All the best": "doesn't have the name Ann",
    "Ann, look: bit.ly/x": "links to bit.ly, a URL shortener",
}


def test_a_text_with_a_fault_is_not_approved_and_stays_as_it_was_typed(
    console: Console, database: Database, ann: UUID
) -> None:
    client, hashed = console(), seen(database, ann)
    for text, fault in FAULTS.items():
        status, page = submit(client, ann, hashed, text)
        assert (status, f"The text {fault}" in page) == (422, True)
        shown = re.sub(r"[\a\u202e]", "\N{REPLACEMENT CHARACTER}", text.replace("\r", ""))
        assert f">\n{shown}</textarea>" in page
        assert f'value="{hashed}"' in page
        assert submit(client, ann, hashed, text, noted=noted(page))[0] == 422
        said = client.post(f"/review/{ann}/check", data=with_token(text=text)).text
        assert fault.split(":")[0] in said
    assert row(database, ann).state == S.PROPOSED


@pytest.mark.parametrize("text", NOTES)
def test_what_looks_wrong_is_shown_once_before_it_is_approved(
    console: Console, database: Database, ann: UUID, text: str
) -> None:
    client, hashed = console(), seen(database, ann)
    status, page = submit(client, ann, hashed, text)
    assert (status, NOTES[text] in page) == (422, True)
    assert "Approve it all the same" in page
    assert submit(client, ann, hashed, f"{text}.", noted=noted(page))[0] == 422
    assert submit(client, ann, hashed, text, noted=noted(page))[0] == 303
    assert (row(database, ann).message, row(database, ann).state) == (text, S.PLANNED)


def test_what_was_noted_while_it_was_written_is_not_asked_again(
    console: Console, database: Database, ann: UUID
) -> None:
    client = console()
    said = client.post(f"/review/{ann}/check", data=with_token(text="Hi Anna!")).text
    assert "8 of 600 characters" in said
    assert "<html" not in said
    assert submit(client, ann, seen(database, ann), "Hi Anna!", noted=noted(said))[0] == 303


def test_the_length_is_that_which_the_limit_counts(console: Console, ann: UUID) -> None:
    """An emoji of several code points counts as several; line ends count as one."""
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    said = console().post(f"/review/{ann}/check", data=with_token(text=f" Ann\r\n{family} ")).text
    assert "9 of 600 characters" in said


def test_a_text_like_one_before_is_noted(console: Console, database: Database, ann: UUID) -> None:
    with database.transaction() as session:
        contact = session.query(Contact).one()
        session.add(
            Interaction(
                account_id=contact.account_id, contact_id=contact.id, type="greet", status="imported",
                occasion="x", message="A very happy birthday, Ann!", correlation_id="x", source_key="x",
                created_at=database_now(session) - timedelta(days=365),
            )
        )  # fmt: skip
    said = console().post(f"/review/{ann}/check", data=with_token(text="A very happy birthday, Ann.")).text
    assert "is the same, or nearly, as one that this person had before" in said


def test_the_check_goes_by_what_the_person_is_called(console: Console, database: Database, ann: UUID) -> None:
    with database.transaction() as session:
        session.execute(update(Contact).values(call_by="Annie"))
    client = console()
    assert "This person is called Annie." in client.get(f"/review/{ann}/edit").text
    said = client.post(f"/review/{ann}/check", data=with_token(text="Hi Ann!")).text
    assert "the name Annie" in said


def test_far_too_long_a_text_is_no_form_of_ours(console: Console, database: Database, ann: UUID) -> None:
    assert submit(console(), ann, seen(database, ann), "x" * 12_001)[0] == 400


def add_templates(database: Database) -> None:
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        for language, body in (
            ("en", "All the best for your birthday, {{ first_name }}."),
            ("en", "How is {{ company }}? Happy birthday, {{ first_name }}."),
            ("fr", "Joyeux anniversaire, {{ first_name }} !"),
        ):
            templates.add_template(session, account_id=account.id, language=language, late=False, body=body)


def choices(page: str) -> dict[str, str]:
    """Return the hash of each text that may be chosen."""
    found = re.findall(
        r'<blockquote class="message" dir="auto" lang="\w+">([^<]*)</blockquote>\s*<form.*?name="shown" '
        r'value="([0-9a-f]{64})"',
        page,
        re.DOTALL,
    )
    return dict(found)


def test_another_template_gives_its_text_which_waits_for_approval(
    console: Console, database: Database, ann: UUID
) -> None:
    add_templates(database)
    with database.transaction() as session:
        session.execute(update(Contact).values(language="en"))
    client = console(name="olga")
    page = client.get(f"/review/{ann}/template").text
    offered = choices(page)
    assert {
        "All the best for your birthday, Ann.", "Joyeux anniversaire, Ann !",
    } <= set(offered)  # fmt: skip
    assert not any("company" in text or "How is" in text for text in offered)
    assert "Not the person's language." in page.replace("&#39;", "'")
    form = with_token(seen=seen(database, ann), shown=offered["All the best for your birthday, Ann."])
    answer = client.post(f"/review/{ann}/template", data=form)
    assert "another text. It still waits for you." in client.get(answer.headers["location"]).text
    changed = row(database, ann)
    assert (changed.message, changed.called, changed.state) == (
        "All the best for your birthday, Ann.", "Ann", S.PROPOSED,
    )  # fmt: skip
    with database.transaction() as session:
        (change,) = audit.list_changes(session)
        assert (change.by, change.change, change.about) == ("olga", "proposal.text", str(ann))
    assert client.post(f"/review/{ann}/template", data=form).status_code == 409


def test_a_template_that_changed_since_it_was_shown_is_not_chosen(
    console: Console, database: Database, ann: UUID
) -> None:
    add_templates(database)
    client = console()
    shown = choices(client.get(f"/review/{ann}/template").text)["All the best for your birthday, Ann."]
    with database.transaction() as session:
        session.execute(update(Contact).values(full_name="Bea Example"))
    form = with_token(seen=seen(database, ann), shown=shown)
    assert client.post(f"/review/{ann}/template", data=form).status_code == 409
    assert row(database, ann).message == "Happy birthday, Ann!"
