"""`rapport templates`: list, add, weight, preview, and refusals."""

import io
import re

import pytest
from sqlalchemy import delete

from db.engine import Database
from db.store.campaigns import templates
from db.store.campaigns.templates import DefaultTemplate
from db.tables import MessageTemplate
from tests.builders import an_account
from tests.cli.conftest import Rapport

SHIPPED = DefaultTemplate("en.day.one", "en", late=False, body="Happy birthday, {{ first_name }}!")


@pytest.fixture(autouse=True)
def one_default(database: Database) -> None:
    """One default and an account `demo`."""
    with database.transaction() as session:
        session.execute(delete(MessageTemplate))
        templates.save_default_templates(session, [SHIPPED])
        an_account(session)


def number_in(said: str) -> str:
    found = re.search(r"template (\d+)", said)
    assert found is not None
    return found[1]


def used(database: Database) -> list[str]:
    with database.transaction() as session:
        account = an_account(session)
        return [template.body for template in templates.list_usable_templates(session, account.id)]


def test_a_template_is_added_listed_weighed_and_removed(database: Database, rapport: Rapport) -> None:
    said = rapport(
        "templates", "add", "Bon anniversaire, {{ first_name }}", "--language", "fr", "--weight", "3"
    )
    number = number_in(said)
    assert f"rapport templates preview {number}" in said
    listed = rapport("templates", "list", "--language", "fr")
    assert [*listed.splitlines()[1].split()[:6]] == [number, "fr", "day", "everybody", "3", "used"]
    assert "Happy birthday" not in listed
    assert "weight 9" in rapport("templates", "weight", number, "9")
    assert "\t9\t" in rapport("templates", "list", "--language", "fr")
    assert "is removed" in rapport("templates", "remove", number)
    assert "no templates" in rapport("templates", "list", "--language", "fr")


def test_adding_twice_is_said(rapport: Rapport) -> None:
    add = ("templates", "add", "Best wishes!", "--language", "en", "--late")
    rapport(*add)
    assert "already exists" in rapport(*add)


def test_a_text_of_several_lines_is_read_from_standard_input(
    database: Database, rapport: Rapport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Dear {{ first_name }},\n\nmany happy returns!\n"))
    rapport("templates", "add", "--language", "en", "--account", "demo")
    assert used(database) == ["Dear {{ first_name }},\n\nmany happy returns!"]
    assert "demo" in rapport("templates", "list", "--account", "demo")
    assert "default" not in rapport("templates", "list", "--account", "demo")


def test_without_a_text_a_terminal_is_not_waited_for(
    rapport: Rapport, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert "no text" in rapport.refused("templates", "add", "--language", "en")


def test_a_near_copy_of_a_template_is_reported(rapport: Rapport) -> None:
    said = rapport("templates", "add", "HAPPY BIRTHDAY {{ first_name }} 🎉", "--language", "en")
    assert "nearly the same as" in said
    said = rapport("templates", "add", "Many returns, {{ first_name }}", "--language", "en")
    assert "nearly the same as" not in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("add", "Hi {{ hobby }}", "--language", "en"), "hobby: there is no such field"),
        (("add", "{{ days_late }} days", "--language", "en"), "is for late templates"),
        (("add", "{{ 'x' * 10 ** 9 }}", "--language", "en"), "nothing else"),
        (("add", "Hi", "--language", "english"), "isn't a language code"),
        (("add", "Hi", "--language", "en", "--account", "nobody"), "no account called 'nobody'"),
        (("preview", "Hi {{ hobby }}"), "hobby: there is no such field"),
        (("preview", "999999"), "no template 999999"),
        (("remove", "999999"), "no template 999999"),
        (("enable", "999999"), "no template 999999"),
        (("disable", "999999"), "no template 999999"),
        (("weight", "999999", "2"), "no template 999999"),
        (("list", "--account", "nobody"), "no account called 'nobody'"),
    ],
)
def test_what_can_not_be_done_is_refused_and_changes_nothing(
    database: Database, rapport: Rapport, arguments: tuple[str, ...], why: str
) -> None:
    assert why in rapport.refused("templates", *arguments)
    assert used(database) == [SHIPPED.body]


def test_a_weight_out_of_bounds_is_refused(rapport: Rapport) -> None:
    code, _, err = rapport.code("templates", "weight", "1", "101")
    assert code == 2
    assert "less than or equal to 100" in err


def test_a_default_is_disabled_not_removed(database: Database, rapport: Rapport) -> None:
    number = rapport("templates", "list").splitlines()[1].split()[0]
    assert f"rapport templates disable {number}" in rapport.refused("templates", "remove", number)
    assert "no longer used" in rapport("templates", "disable", number)
    assert used(database) == []
    assert "disabled" in rapport("templates", "list")
    assert "is used" in rapport("templates", "enable", number)
    assert used(database) == [SHIPPED.body]


def test_a_template_that_a_newer_rule_refuses_is_shown_as_such(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        session.add(MessageTemplate(language="en", late=False, body="{% for i in 'ab' %}{{ i }}{% endfor %}"))
    assert "can't be used" in rapport("templates", "list")


def test_a_preview_shows_awkward_names_and_who_is_left_out(rapport: Rapport) -> None:
    said = rapport("templates", "preview", "Joy to {{ first_name }} ({{ full_name }})!")
    assert "Joy to Jean-Noël (Jean-Noël Dupont)!" in said
    assert "Joy to 小龙 (李小龙)!" in said
    assert re.search(r"Acme GmbH\t+left out: a company or an institution", said)
    assert "left out: there is no name to address this person by" in said


def test_a_preview_is_for_the_names_given(rapport: Rapport) -> None:
    number = rapport("templates", "list").splitlines()[1].split()[0]
    said = rapport("templates", "preview", number, "--name", "Dr. Zoé [b]Blanc[/b]", "--name", "Li Wu")
    lines = said.splitlines()[1:]
    assert [line.split()[-1] for line in lines] == ["Zoé!", "Li!"]


def test_a_late_preview_shows_each_text_and_its_days(rapport: Rapport) -> None:
    body = "{% if days_late == 1 %}Yesterday{% elif days_late == 10 %}Long ago{% else %}Lately{% endif %}"
    said = rapport("templates", "preview", body, "--late", "--name", "Anna Smith")
    assert re.findall(r"day (\S+): (\w+ ?\w*)", said) == [
        ("1", "Yesterday"),
        ("2-9", "Lately"),
        ("10", "Long ago"),
    ]


def test_the_help_tells_a_stranger_what_a_template_holds(rapport: Rapport) -> None:
    said = rapport("templates", "--help")
    assert "{{ first_name }}" in said
    assert "docs/templates.md" in said


@pytest.mark.parametrize(
    "words",
    [
        ("templates", "add", "Hi", "--language", "xx"),
        ("templates", "list", "--language", "xx"),
        ("campaign", "birthday", "demo", "--fallback-language", "xx"),
    ],
)
def test_an_unknown_language_is_refused_with_the_list(rapport: Rapport, words: tuple[str, ...]) -> None:
    said = rapport.refused(*words)
    assert "'xx' isn't a language code" in said
    assert ", en, eo, es, et, " in said
    assert "write fr" in rapport.refused(*words[:-1], "French")


def test_a_value_without_a_default_is_noted(rapport: Rapport) -> None:
    add = ("templates", "add", "--language", "en")
    assert "note: it needs company" in rapport(*add, "Hi {{ first_name }} of {{ company }}!")
    assert "needs" not in rapport(*add, "Hi {{ first_name }} of {{ company or 'your team' }}!")
