"""Templates in the console: checked as they are typed, and shown on real people."""

from typing import Final

import pytest
from sqlalchemy import select

from api_stub.console.session import Role
from db.engine import Database
from db.store.campaigns import templates
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Interaction, MessageTemplate
from tests.builders import a_contact
from tests.console.campaigns.test_start import changes
from tests.console.conftest import Console, with_token
from tests.console.hostile import HOSTILE

TEXT = "Happy birthday, {{ first_name }}! May the year be kind."
FORM = {"account": "demo", "language": "en", "late": "day", "whose": "own", "body": TEXT, "weight": "3"}


def own(database: Database) -> list[MessageTemplate]:
    with database.transaction() as session:
        found = session.scalars(select(MessageTemplate).where(MessageTemplate.default_key.is_(None)))
        return list(found)


@pytest.mark.usefixtures("account")
def test_a_template_that_is_saved_twice_is_one(console: Console, database: Database) -> None:
    client = console()
    for _ in range(2):
        answer = client.post("/templates/new", data=with_token(**FORM))
        assert answer.headers["location"] == "/templates?account=demo&language=en"
    (found,) = own(database)
    assert (found.body, found.weight, found.late) == (TEXT, 3, False)
    assert changes(database) == [("olga", "template.add", str(found.id))]
    shown = client.get("/templates?account=demo&language=en").text
    assert TEXT in shown
    assert "for this account" in shown
    assert "replaced by your own" in shown  # the defaults of the language


ERRORS: Final = [
    ({"body": "Happy birthday, {first_name}!"}, "write {{ first_name }}"),
    ({"body": "Happy birthday, [Name]!"}, "[Name]"),
    ({"body": "{% for x in y %}{% endfor %}{{7*7}}"}, "nothing else"),
    ({"body": ""}, "the template"),
    ({"body": "Hi {{ days_late }}"}, "for late templates"),
    ({"weight": "101"}, "a whole number from 1 to 100"),
    ({"language": "qq"}, "two letters of a language"),
]


@pytest.mark.usefixtures("account")
def test_a_template_that_is_refused_says_why_and_what_was_typed_stays(
    console: Console, database: Database
) -> None:
    client = console()
    for changed, said in ERRORS:
        form = FORM | changed
        answer = client.post("/templates/new", data=with_token(**form))
        assert answer.status_code == 422
        assert said in answer.text.replace("&#39;", "'")
        assert form["body"] in answer.text
        assert own(database) == []


def test_the_check_fills_in_real_people_of_every_kind(
    console: Console, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        accounts.set_signature(session, account.id, "Olga")
        for number in range(30):
            a_contact(session, account, f"p{number}", name=f"Paul Number{number}")
        a_contact(session, account, "acme", name="Acme GmbH")
        a_contact(session, account, "mina", name="مینا رضا")
        a_contact(session, account, "long", name="Maximiliana Konstantinopolitanskaja-Wolkenstein")
    shown = console().post("/templates/check", data=with_token(**FORM)).text
    people = shown.partition("<details")[0]
    assert people.count("<li>") == 8
    for name in ("Anna Smith", "Acme GmbH", "مینا رضا", "Konstantinopolitanskaja"):
        assert name in people
    assert "Happy birthday, Anna! May the year be kind.\nOlga" in people
    assert "left out:" in people  # Acme GmbH has no name
    assert "Difficult names" in shown


@pytest.mark.usefixtures("account")
def test_the_check_warns_as_the_command_does(console: Console) -> None:
    client = console()
    circular = client.post("/templates/check", data=with_token(**(FORM | {"body": "Happy birthday!"}))).text
    assert "the person: the same words to many people" in circular
    client.post("/templates/new", data=with_token(**FORM))
    alike = client.post("/templates/check", data=with_token(**(FORM | {"body": TEXT + "!"}))).text
    assert "nearly the same as template" in alike
    assert "write {{ first_name }}" in client.post(
        "/templates/check", data=with_token(**(FORM | {"body": "Hi {first_name}"}))
    ).text.replace("&#39;", "'")


@pytest.mark.usefixtures("account")
def test_one_s_own_template_is_changed_switched_off_and_deleted_after_being_asked(
    console: Console, database: Database
) -> None:
    client = console()
    client.post("/templates/new", data=with_token(**FORM))
    number = own(database)[0].id
    page = f"/templates/{number}"
    client.post(page, data=with_token(**(FORM | {"body": TEXT + " Truly.", "late": "late", "weight": "5"})))
    (changed,) = own(database)
    assert (changed.id, changed.body, changed.late, changed.weight) == (number, TEXT + " Truly.", True, 5)
    client.post(f"{page}/disable", data=with_token())
    assert not own(database)[0].enabled
    client.post(f"{page}/enable", data=with_token())
    assert own(database)[0].enabled
    asked = client.post(f"{page}/delete", data=with_token())
    assert "Delete the template?" in asked.text
    assert len(own(database)) == 1
    client.post(f"{page}/delete", data=with_token(sure="on"))
    assert own(database) == []
    assert client.get(page).status_code == 404
    assert [change for _, change, _ in changes(database)] == [
        "template.delete", "template.enable", "template.disable", "template.change", "template.add",
    ]  # fmt: skip


@pytest.mark.usefixtures("account")
def test_a_template_can_not_become_the_same_as_another(console: Console, database: Database) -> None:
    client = console()
    client.post("/templates/new", data=with_token(**FORM))
    client.post("/templates/new", data=with_token(**(FORM | {"body": "Cheers, {{ first_name }}!"})))
    second = max(each.id for each in own(database))
    answer = client.post(f"/templates/{second}", data=with_token(**FORM))
    assert answer.status_code == 422
    assert "a template with exactly this text already" in answer.text
    assert {each.body for each in own(database)} == {TEXT, "Cheers, {{ first_name }}!"}


@pytest.mark.usefixtures("account")
def test_a_template_that_ships_keeps_its_text_and_can_be_weighed_and_copied(
    console: Console, database: Database
) -> None:
    with database.transaction() as session:
        default = templates.list_templates(session, language="en")[0]
    client = console()
    client.post(f"/templates/{default.id}", data=with_token(**(FORM | {"weight": "7"})))
    with database.transaction() as session:
        found = templates.find_template(session, default.id)
    assert found is not None
    assert (found.body, found.weight) == (default.body, 7)
    assert client.post(f"/templates/{default.id}/delete", data=with_token(sure="on")).status_code == 404
    assert default.body in client.get(f"/templates/new?copy={default.id}").text.replace("&#39;", "'")


@pytest.mark.usefixtures("account")
def test_a_hostile_text_is_text_or_refused(console: Console, database: Database) -> None:
    client = console()
    for text in HOSTILE:
        body = f"{{{{ first_name }}}} {text}"
        answer = client.post("/templates/new", data=with_token(**(FORM | {"body": body})))
        shown = (
            answer.text
            + client.get("/templates?account=demo").text
            + client.post("/templates/check", data=with_token(**(FORM | {"body": body}))).text
        )
        for harm in ("<script>document", "<img", "<b onmouseover", "\u202e", "\u2066", "\x1b"):
            assert harm not in shown


@pytest.mark.usefixtures("account")
def test_the_signature_is_set_refused_and_removed(console: Console, database: Database) -> None:
    client = console()

    def signature() -> str:
        with database.transaction() as session:
            found = accounts.find_account(session, "demo")
        return found.signature if found else "?"

    client.post("/templates/signature", data=with_token(account="demo", signature="Olga\r\nExample Corp"))
    assert signature() == "Olga\nExample Corp"
    refused = client.post("/templates/signature", data=with_token(account="demo", signature="x" * 101))
    assert refused.status_code == 422
    assert "at most 100 characters" in refused.text
    assert "x" * 101 in refused.text
    client.post("/templates/signature", data=with_token(account="demo", signature=""))
    assert signature() == ""
    assert {change for _, change, _ in changes(database)} == {"template.signature"}


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER])
def test_others_than_an_owner_only_read(console: Console, database: Database, role: Role) -> None:
    client = console(role)
    assert "<form" not in client.get("/templates").text
    assert "<form" not in client.get("/templates/1").text
    for path in ("new", "check", "1", "1/enable", "1/disable", "1/delete", "signature"):
        assert client.post(f"/templates/{path}", data=with_token(**FORM)).status_code == 403
    assert changes(database) == []


def test_the_list_says_how_often_a_template_was_used(
    console: Console, database: Database, account: AccountRecord
) -> None:
    client = console()
    client.post("/templates/new", data=with_token(**FORM))
    with database.transaction() as session:
        anna = a_contact(session, account, "anna2", name="Anna Two")
        for number in range(2):
            session.add(
                Interaction(
                    account_id=account.id,
                    contact_id=anna.id,
                    source_key=f"k{number}",
                    type="greet",
                    status="proven",
                    occasion=f"birthday:202{number}",
                    correlation_id="test",
                    message="Happy birthday, Anna! May the year be kind.",
                )
            )
    shown = client.get("/templates?account=demo&language=en").text
    assert shown.count("used 2 times in the last 2 greetings") == 1
