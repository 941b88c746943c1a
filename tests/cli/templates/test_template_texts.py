"""What a person reads of a template's text: refusals, notes, previews for real people, signatures."""

import io
from datetime import date

import pytest
from sqlalchemy import delete

from db.engine import Database
from db.store.campaigns import templates
from db.store.campaigns.templates import DefaultTemplate
from db.tables import MessageTemplate
from tests.builders import a_contact, an_account
from tests.cli.conftest import Rapport

SHORT = [
    DefaultTemplate(f"en.day.{word}", "en", late=False, body=f"{word}, {{{{ first_name }}}}!")
    for word in ("Cheers to you", "Many happy returns", "All the very best")
]


@pytest.fixture(autouse=True)
def some_defaults(database: Database) -> None:
    """Three short defaults and an account `demo` with two contacts, one of whom hardly anything is known."""
    with database.transaction() as session:
        session.execute(delete(MessageTemplate))
        templates.save_default_templates(session, SHORT)
        account = an_account(session)
        known = a_contact(session, account, "zoe", name="Zoé Blanc")
        known.profile = {"company": "Orbite", "headline": "Product lead", "location": "Lyon, France"}
        known.connected_on = date(2001, 2, 3)
        odd = a_contact(session, account, "ann", name="Ann Lee")
        odd.profile = {"company": "{{ first_name }} GmbH", "location": "Earth"}


def add(rapport: Rapport, text: str) -> str:
    return rapport("templates", "add", text, "--language", "en")


def test_a_placeholder_is_refused_with_the_text_as_it_should_be(database: Database, rapport: Rapport) -> None:
    said = rapport.refused("templates", "add", "Happy birthday, {first_name}!", "--language", "en")
    assert said == (
        "the template has {first_name} at character 17, which nothing would fill in; "
        "write {{ first_name }}: 'Happy birthday, {{ first_name }}!'"
    )
    assert "'Hi {{ first_name }}'" in rapport.refused("templates", "preview", "Hi %FIRSTNAME%")
    assert "'Hi {{ first_name }}'" in rapport.refused("templates", "test", "Hi *|FNAME|*")
    with database.transaction() as session:
        assert len(templates.list_templates(session)) == len(SHORT)


def test_it_is_refused_from_standard_input_too(rapport: Rapport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Dear [First Name],\nhappy birthday!\n"))
    said = rapport.refused("templates", "add", "--language", "en")
    assert "has [First Name] at character 6 of line 1" in said
    assert "'Dear {{ first_name }},\nhappy birthday!'" in said


def test_a_placeholder_that_is_stored_already_is_listed_as_unusable(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        session.add(MessageTemplate(language="en", late=False, body="Hi {first_name}!"))
    said = " ".join(rapport("templates", "list").split())
    assert "can't be used: the template has {first_name}" in said


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Happy birthday, dear friend!", "it doesn't name the person"),
        ("For you, {{ first_name }}: bit.ly/2xyz", "it links to bit.ly, a URL shortener"),
        ("For you, {{ first_name }}: https://TinyURL.com/2xyz", "it links to tinyurl.com, a URL shortener"),
        ("Happy<br>birthday, {{ first_name }}!", "it has <br>, which is sent as it stands"),
        ("Hi {{ first_name }}" + ", and many more" * 20, "it has 307 characters, and the others"),
    ],
)
def test_a_doubtful_text_is_added_with_a_note_which_list_and_preview_repeat(
    rapport: Rapport, text: str, note: str
) -> None:
    said = add(rapport, text)
    assert note in said
    number = said.split()[1]
    assert f"template {number} {note.removeprefix('it ')}" in rapport("templates", "list")
    assert note in rapport("templates", "preview", number, "--name", "Ann Lee")


@pytest.mark.parametrize(
    "text",
    [
        "{{ first_name }}, happy birthday! <3 100 %",
        "HAPPY BIRTHDAY, {{ first_name | upper }}!",
        "Hi {{ full_name }}, see https://example.com/bit.ly-and-co",
    ],
)
def test_an_ordinary_text_has_no_note(rapport: Rapport, text: str) -> None:
    assert "note: it " not in add(rapport, text).replace("note: it is nearly", "")
    assert "\ntemplate " not in rapport("templates", "list")


def test_a_control_character_is_refused(rapport: Rapport) -> None:
    assert "control character, U+001B" in rapport.refused("templates", "add", "Hi\x1b[2J", "--language", "en")


def test_a_preview_shows_people_of_the_account_and_who_gets_another_text(rapport: Rapport) -> None:
    body = "{{ first_name }} of {{ company or 'your team' }} in {{ city }}: {{ years_known or 'many' }} years"
    said = rapport("templates", "preview", body)
    assert "assumed: company 'Example Corp', city 'Lyon', years_known 7" in said
    people = said.partition("people of account demo:")[2]
    assert "Zoé of Orbite in Lyon: 2" in people
    assert "gets another template: the template needs what isn't known of this person: city" in people
    said = rapport("templates", "preview", body.replace("{{ city }}", "{{ city or 'town' }}"))
    assert "Ann of your team in town: many years" in said  # the company's name is never read as a template


def test_a_signature_is_set_shown_previewed_and_removed(rapport: Rapport) -> None:
    assert "account demo has no signature" in rapport("templates", "signature", "demo")
    assert "ends with:\nBest, Zoé" in rapport("templates", "signature", "demo", "Best, Zoé")
    assert rapport("templates", "signature", "demo", "--json") == (
        '{"account": "demo", "signature": "Best, Zo\\u00e9"}\n'
    )
    said = rapport("templates", "preview", "Hi {{ first_name }}!", "--account", "demo", "--name", "Ann Lee")
    assert said.splitlines()[1] == "Ann Lee\tAnn\tHi Ann!⏎Best, Zoé"
    assert "has no signature" in rapport("templates", "signature", "demo", "--remove")
    assert "Best" not in rapport("templates", "preview", "Hi {{ first_name }}!", "--account", "demo")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Best, [Your Name]", "signature: the text has [Your Name] at character 7"),
        ("x" * 101, "at most 100 characters on 3 lines; this one has 101 on 1"),
        ("a\nb\nc\nd", "this one has 7 on 4"),
        (" ", "signature: the text is empty"),
        ("Zoé\x07", "U+0007"),
    ],
)
def test_a_signature_that_can_not_be_sent_is_refused(rapport: Rapport, text: str, why: str) -> None:
    assert why in rapport.refused("templates", "signature", "demo", text)
    assert "has no signature" in rapport("templates", "signature", "demo")


def test_templates_that_become_too_long_with_the_signature_are_named(rapport: Rapport) -> None:
    number = add(rapport, "{{ first_name }}" + "x" * 550).split()[1]
    assert f"not used: template {number}" in rapport("templates", "signature", "demo", "y" * 60)
