"""The guide shows what is done; its forms keep the rules of the commands; secrets are never shown."""

from collections.abc import Callable, Mapping
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api_stub.console.session import Role
from api_stub.console.setup.steps import StepName, setup_steps
from db.engine import Database
from db.store import audit
from db.store.campaigns import schedules, templates
from db.store.imports import subscriptions
from db.store.notices import deliveries, targets
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Account, MessageTemplate, QuotaChange
from tests.builders import a_contact, an_account, database_now
from tests.console.conftest import Console, with_token
from worker.rules.model import CampaignKind, Kind
from worker.rules.notices.deliveries import SendFailure
from worker.rules.subscriptions.readings import SourceKind


def done_steps(database: Database) -> set[StepName]:
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        return {step.name for step in setup_steps(session, account) if step.is_done}


def a_schedule(session: Session, account: AccountRecord) -> None:
    schedules.save_schedule(
        session, account_id=account.id, kind=CampaignKind.BIRTHDAY, cron="0 9 * * *", options={},
        next_fire_at=database_now(session),
    )  # fmt: skip


def own_limits(session: Session, account: AccountRecord) -> None:
    configured = limits.get_configured_limits(session, account.id, Kind.GREET)
    limits.set_limits(session, account.id, Kind.GREET, configured, by="tests")


MAKING: Mapping[StepName, Callable[[Session, AccountRecord], object]] = {
    StepName.ZONE: lambda s, a: accounts.add_account(
        s, name=a.name, site=a.site, zone=ZoneInfo("Asia/Tokyo")
    ),
    StepName.SIGN_IN: lambda s, a: accounts.save_session(s, a.id, b"sealed"),
    StepName.PEOPLE: lambda s, a: a_contact(s, a, "ann"),
    StepName.HOURS: own_limits,
    StepName.TEMPLATES: lambda s, a: templates.add_template(
        s, account_id=a.id, language="en", late=False, body="Happy birthday, {{ first_name }}!"
    ),
    StepName.NOTICES: lambda s, _: a_target(s, "mail"),
    StepName.SCHEDULE: a_schedule,
}


@pytest.mark.parametrize("name", MAKING)
def test_a_step_is_done_when_what_it_makes_is_there(database: Database, name: StepName) -> None:
    assert done_steps(database) == set()
    with database.transaction() as session:
        session.execute(delete(MessageTemplate))
        account = accounts.add_account(session, name="demo", site="sandbox", zone=ZoneInfo("UTC"))
    before = done_steps(database)
    assert before == {StepName.ACCOUNT}
    with database.transaction() as session:
        MAKING[name](session, account)
    assert done_steps(database) - before == {name}


def test_an_account_of_a_real_site_has_its_pages_checked(database: Database) -> None:
    with database.transaction() as session:
        account = accounts.add_account(session, name="mine", site="linkedin", zone=ZoneInfo("UTC"))
        steps = {step.name: step.is_done for step in setup_steps(session, account)}
    assert steps[StepName.PAGES] is False


def a_target(session: Session, name: str) -> UUID:
    return targets.add_target(
        session, name=name, account_id=None, scheme="mailtos", host="mail.example.org", sealed=b"sealed",
        kinds=None, with_texts=False, with_screenshots=False,
    )  # fmt: skip


def test_an_account_is_added_with_its_zone(console: Console, database: Database) -> None:
    client = console()
    assert "1 step is left" in client.get("/setup").text
    form = with_token(name="demo", site="sandbox", zone="Europe/Paris")
    assert client.post("/setup/account", data=form).headers["location"] == "/setup?account=demo"
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        assert (account.site, account.zone.key) == ("sandbox", "Europe/Paris")
        assert [(each.change, each.about) for each in audit.list_changes(session)] == [
            ("account.add", "demo")
        ]
    moved = with_token(name="demo", zone="America/Lima")
    client.post("/setup/account", data=moved)
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        assert account.zone.key == "America/Lima"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "Demo!"}, "Use lower-case letters"),
        ({"name": "nobody"}, "knows only these members"),
        ({"site": "facebook"}, "Choose the site."),
        ({"site": "ledger"}, "Choose the site."),
        ({"zone": "Mars/Olympus"}, "There is no such time zone"),
        ({"zone": "../../etc/passwd"}, "There is no such time zone"),
        ({"site": "linkedin", "yes": "ja"}, "Not confirmed, so no account was added"),
    ],
)
def test_a_wrong_field_says_so_and_adds_nothing(
    console: Console, database: Database, fields: dict[str, str], says: str
) -> None:
    given = {"name": "demo", "site": "sandbox", "zone": "Europe/Paris", **fields}
    answer = console().post("/setup/account", data=with_token(**given))
    assert (answer.status_code, says in answer.text) == (422, True)
    with database.transaction() as session:
        assert accounts.list_accounts(session) == []


def test_a_real_site_warns_and_its_account_warms_up(console: Console, database: Database) -> None:
    client = console()
    assert "user agreement forbids software" in client.get("/setup/account").text
    form = with_token(name="mine", site="linkedin", zone="Europe/Paris", yes="yes")
    assert client.post("/setup/account", data=form).status_code == 303
    assert "limits ramp up" in client.get("/setup").text
    with database.transaction() as session:
        row = session.scalars(select(Account)).one()
        assert row.warm_up_on is not None


def test_hours_and_limits_keep_the_rules_of_the_quota(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = accounts.add_account(session, name="mine", site="linkedin", zone=ZoneInfo("UTC"))
    client = console()
    good = {"opens": "08:00", "closes": "18:30", "days": ["mon", "tue"], "per_run": "5", "per_day": "10",
            "per_week": "40"}  # fmt: skip
    path = "/setup/hours?account=mine"
    assert "07:00" in client.get(path).text
    for wrong, says in (
        ({"per_day": "31"}, "30"),  # the site's ceiling
        ({"opens": "19:00", "closes": "08:00"}, ""),
        ({"opens": "nonsense"}, "isn&#39;t a time of day"),
        ({"days": []}, "at least one day"),
        ({"per_week": "many"}, "whole numbers"),
        ({"per_run": "١٢"}, "whole numbers"),
    ):
        answer = client.post(path, data=with_token(**{**good, **wrong}))
        assert (answer.status_code, says in answer.text) == (422, True), wrong
    with database.transaction() as session:
        assert session.scalars(select(QuotaChange).where(QuotaChange.account_id == account.id)).all() == []
    assert client.post(path, data=with_token(**good)).headers["location"] == "/setup?account=mine"
    with database.transaction() as session:
        stored = limits.get_configured_limits(session, account.id, Kind.GREET)
        assert (stored.per_day, stored.hours.days) == (10, frozenset({0, 1}))
        (change,) = limits.list_changes(session, account.id)
        assert change.by == "olga"


def test_targets_are_tested_by_the_notifier_and_never_show_their_url(
    console: Console, database: Database
) -> None:
    with database.transaction() as session:
        target_id = a_target(session, "mail")
    client = console()
    assert "never tried" in client.get("/setup/notices").text
    client.post("/setup/notices/mail/test", data=with_token())
    with database.transaction() as session:
        claim = deliveries.claim_message(session, target_id)  # as the notifier does
        assert claim is not None
        assert [event.kind for event in claim.events] == ["test"]
        assert not deliveries.record_failure(
            session, claim, SendFailure.UNREACHABLE, may_have_arrived=False, chance=0
        )
    page = client.get("/setup/notices").text
    assert "fails" in page
    assert "mailtos://mail.example.org" in page
    assert "sealed" not in page
    client.post("/setup/notices/mail/pause", data=with_token())
    assert "paused" in client.get("/setup/notices").text
    client.post("/setup/notices/mail/resume", data=with_token())
    assert "Remove this target?" in client.get("/setup/notices/mail/remove").text
    client.post("/setup/notices/mail/remove", data=with_token())
    assert "Nobody is told anything yet" in client.get("/setup/notices").text
    assert client.post("/setup/notices/mail/test", data=with_token()).status_code == 404
    with database.transaction() as session:
        assert [each.change for each in audit.list_changes(session)] == [
            f"notice-target.{what}" for what in ("remove", "resume", "pause", "test")
        ]


def test_checks_show_what_this_process_sees(console: Console, database: Database) -> None:
    page = console(Role.VIEWER).get("/setup/checks").text
    for what in ("Postgres", "tables", "Redis", "workers", "sign-ins", "upkeep", "notices", "subscriptions"):
        assert f'<strong lang="en">{what}</strong>' in page
    assert "missing" in page  # no worker takes messages here
    assert "rapport doctor" in page


def test_a_subscription_is_read_ended_and_shows_no_address(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        subscription_id = subscriptions.save_subscription(
            session, account_id=account.id, kind=SourceKind.CALENDAR, title="", origin="https://cal.example",
            address_hash=b"h" * 32, sealed=b"secret-address",
        )  # fmt: skip
        assert subscriptions.take_due(session) == [subscription_id]
    client = console()
    page = client.get("/imports").text
    assert "https://cal.example" in page
    assert "secret-address" not in page
    path = f"/imports/subscriptions/{subscription_id}"
    assert client.post(f"{path}/read", data=with_token()).status_code == 303
    with database.transaction() as session:
        assert subscriptions.take_due(session) == [subscription_id]  # requested again
        assert subscriptions.claim_reading(session, subscription_id, requested=True) is not None
    busy = client.post(f"{path}/read", data=with_token())
    assert (busy.status_code, "being read right now" in busy.text) == (422, True)
    assert "End this subscription?" in client.get(f"{path}/remove").text
    client.post(f"{path}/remove", data=with_token())
    assert "https://cal.example" not in client.get("/imports").text
    assert client.get(f"{path}/remove").status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER])
def test_only_an_owner_sets_up(console: Console, database: Database, role: Role) -> None:
    with database.transaction() as session:
        an_account(session)
        a_target(session, "mail")
    client = console(role)
    for path in ("/setup/account", "/setup/hours", "/setup/notices/mail/test", "/setup/notices/mail/remove",
                 "/imports/subscriptions/1/read", "/imports/subscriptions/1/remove"):  # fmt: skip
        assert client.post(path, data=with_token()).status_code == 403
    for path in ("/setup", "/setup/notices", "/setup/checks", "/imports"):
        assert client.get(path).status_code == 200
