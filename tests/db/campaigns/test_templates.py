"""Templates in the store: which are accepted, which an account uses, and what an upgrade keeps."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api_stub.cli.stack.migrate import migrate_and_seed
from db import defaults
from db.engine import Database
from db.store.campaigns import templates
from db.store.campaigns.templates import DefaultTemplate
from db.tables import MessageTemplate
from tests.builders import an_account
from tests.db.helpers import run_concurrently
from worker.rules.messages.template_syntax import TemplateRefusedError

A, B = (
    DefaultTemplate(f"en.day.{name}", "en", late=False, body=f"{name} {{{{ first_name }}}}") for name in "ab"
)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def empty(session: Session) -> Session:
    session.execute(delete(MessageTemplate))
    return session


def bodies(session: Session) -> list[str]:
    session.expire_all()
    return list(session.scalars(select(MessageTemplate.body).order_by(MessageTemplate.id)))


def used(session: Session, account_id: int) -> list[str]:
    session.expire_all()
    return [template.body for template in templates.list_usable_templates(session, account_id)]


def own(
    session: Session, account_id: int | None, body: str, *, language: str = "en", late: bool = False
) -> int:
    number = templates.add_template(session, account_id=account_id, language=language, late=late, body=body)
    assert number is not None
    return number


def test_a_template_that_can_fail_never_gets_in(empty: Session) -> None:
    for body in (
        "Hi {{ hobby }}",
        "Hi {first_name}",
        "Hi [Name]",
        "{{ first_name * 20 }}",
        "{{ full_name }}" * 8,
        "Hi {{",
        "{{ days_late }}",
    ):
        with pytest.raises(TemplateRefusedError):
            templates.add_template(empty, account_id=None, language="en", late=False, body=body)
    assert bodies(empty) == []


def test_the_same_text_is_added_once_however_it_is_spelt(empty: Session) -> None:
    own(empty, None, "Zo\u00e9, {{ first_name }}")
    for body in ("Zoe\u0301, {{ first_name }}", " Zo\u00e9, {{ first_name }}\n"):
        assert templates.add_template(empty, account_id=None, language="en", late=False, body=body) is None
    assert bodies(empty) == ["Zo\u00e9, {{ first_name }}"]


def test_an_accounts_own_replace_everybodys_of_that_language_and_time_alone(empty: Session) -> None:
    account, other = an_account(empty), an_account(empty, "other")
    for language in ("en", "fr"):
        own(empty, None, f"{language} day", language=language)
        own(empty, None, f"{language} late", language=language, late=True)
    number = own(empty, account.id, "mine")
    assert sorted(used(empty, account.id)) == ["en late", "fr day", "fr late", "mine"]
    assert sorted(used(empty, other.id)) == ["en day", "en late", "fr day", "fr late"]
    templates.set_template_enabled(empty, number, enabled=False)
    assert "en day" in used(empty, account.id)


def test_disabled_ones_are_listed_but_not_used(empty: Session) -> None:
    account = an_account(empty)
    kept, dropped = own(empty, None, "kept"), own(empty, None, "dropped")
    templates.set_template_enabled(empty, dropped, enabled=False)
    assert used(empty, account.id) == ["kept"]
    assert [(record.id, record.enabled) for record in templates.list_templates(empty)] == [
        (kept, True),
        (dropped, False),
    ]
    templates.set_template_enabled(empty, dropped, enabled=True)
    assert used(empty, account.id) == ["kept", "dropped"]


def test_a_weight_is_used(empty: Session) -> None:
    account = an_account(empty)
    number = own(empty, None, "heavy")
    templates.set_template_weight(empty, number, 7)
    assert [template.weight for template in templates.list_usable_templates(empty, account.id)] == [7]


def test_seeding_twice_changes_nothing(empty: Session) -> None:
    defaults.seed_templates(empty)
    before = bodies(empty)
    defaults.seed_templates(empty)
    assert bodies(empty) == before
    assert sorted(before) == sorted(default.body for default in defaults.GREETINGS)


def test_a_disabled_default_stays_disabled_and_keeps_its_weight_when_its_text_is_corrected(
    empty: Session,
) -> None:
    account = an_account(empty)
    templates.save_default_templates(empty, [A, B])
    empty.execute(
        update(MessageTemplate).where(MessageTemplate.default_key == A.key).values(enabled=False, weight=9)
    )
    templates.save_default_templates(empty, [DefaultTemplate(A.key, "en", late=False, body="corrected"), B])
    (record,) = [record for record in templates.list_templates(empty) if not record.enabled]
    assert (record.body, record.weight, record.default) == ("corrected", 9, True)
    assert used(empty, account.id) == [B.body]


def test_a_default_that_ships_no_longer_is_gone_and_a_users_own_stays(empty: Session) -> None:
    templates.save_default_templates(empty, [A, B])
    own(empty, None, "ours")
    own(empty, an_account(empty).id, A.body)
    templates.save_default_templates(empty, [B])
    assert bodies(empty) == [B.body, "ours", A.body]


def test_a_text_of_everybodys_that_is_now_a_default_is_one_template(empty: Session) -> None:
    templates.save_default_templates(empty, [A])
    own(empty, None, B.body)
    templates.save_default_templates(empty, [DefaultTemplate(A.key, "en", late=False, body=B.body)])
    assert [(record.body, record.default) for record in templates.list_templates(empty)] == [(B.body, True)]


def test_a_default_is_not_removed(empty: Session) -> None:
    templates.save_default_templates(empty, [A])
    number = own(empty, None, "ours")
    for record in templates.list_templates(empty):
        templates.delete_template(empty, record.id)
    assert templates.find_template(empty, number) is None
    assert bodies(empty) == [A.body]


def test_a_default_keeps_its_text(empty: Session) -> None:
    templates.save_default_templates(empty, [A])
    (record,) = templates.list_templates(empty)
    assert templates.change_template(empty, record.id, language="fr", late=True, body=B.body, weight=2)
    assert templates.list_templates(empty) == [record]


def test_two_upgrades_at_once_take_turns(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        session.execute(delete(MessageTemplate))
    run_concurrently(database_url, 3, lambda *_: migrate_and_seed(database_url))
    with database.transaction() as session:
        assert len(bodies(session)) == len(defaults.GREETINGS)
