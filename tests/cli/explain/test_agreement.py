"""The dry run, `why`, `forecast` and `review` say the same of whether and when somebody is greeted."""

import json
import random
import re
from collections.abc import Mapping
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from api_stub.cli.context import require_account
from api_stub.cli.watch.display import explain_state
from api_stub.cli.watch.view import OutlookReader, read_view
from api_stub.cli.wording import format_day
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.people import accounts
from db.store.reports import overview
from db.tables import Contact, Interaction
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayOptions
from tests.builders import SANDBOX, a_contact, an_account, database_now
from tests.cli.conftest import Rapport
from worker import logs
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits
from worker.rules.quota.windows import Hours
from worker.secrets import Vault
from worker.settings import Settings

NAMES = ("Ann", "Bob", "Cid", "Dan", "Eve")
DAY = timedelta(days=1)
MISSED = "missed"


def a_message(session: Session, to: Contact) -> None:
    """Somebody wrote to the person today, for an old birthday."""
    happened = {"type": Kind.GREET, "status": "seen", "occasion": "birthday:2020", "message": "Hi"}
    session.add(
        Interaction(
            account_id=to.account_id,
            contact_id=to.id,
            source_key=str(to.id),
            correlation_id="x",
            **happened,
        )
    )


def a_world(database: Database, seed: int) -> int:
    """Five people with a birthday lately, some of whom had a message today; return how late is allowed."""
    draw = random.Random(seed)
    late_days, per_day = draw.choice((0, 1, 3)), draw.choice((1, 2))
    with database.transaction() as session:
        now = database_now(session)
        days = draw.choice((range(7), [(now + DAY).weekday()], [(now - DAY).weekday()]))
        limits = Limits(9, per_day, 7 * per_day, timedelta(0), timedelta(0), Hours(days=frozenset(days)))
        account, other = an_account(session, limits=limits), an_account(session, "other")
        accounts.save_session(session, account.id, Vault(Settings().required("secret_keys")).seal("{}"))
        for name in NAMES:
            birthday = now.date() - draw.randint(0, late_days) * DAY
            a_contact(session, account, name.lower(), name=name, birthday=birthday)
            if draw.random() < 0.4:
                known = a_contact(session, other, name.lower())
                a_message(session, known)
    return late_days


def start(database: Database, **options: object) -> list[dict[str, str]]:
    given = BirthdayOptions.model_validate({"read_site": False, **options})
    campaign_id = uuid4()
    with database.transaction() as session, logs.bound(correlation_id="test"):
        start_campaign(session, account="demo", campaign_id=campaign_id, options=given)
        found = campaigns.find_campaign(session, campaign_id)
    assert found is not None
    return found.preview or []


def read(text: str) -> str:
    """Return the day that a text for people names, or that it is too late."""
    if "too late" in text:
        return MISSED
    found = re.search(r"about (\d+ [A-Z][a-z]{2}) ", text)
    assert found is not None, text
    return found[1]


def as_shown(day: str) -> str:
    """Return a day in ISO 8601 as texts for people name it."""
    return f"{date.fromisoformat(day):%-d %b}"


def by_forecast(rapport: Rapport) -> Mapping[str, str]:
    people = json.loads(rapport("forecast", "demo", "--json", "--days", "1"))["people"]
    days = {person["full_name"]: person["reached_on"] for person in people}
    return {name: as_shown(day) if day else MISSED for name, day in days.items()}


@pytest.mark.parametrize("seed", range(4))
def test_four_answers_agree(database: Database, rapport: Rapport, seed: int) -> None:
    late_days = a_world(database, seed)
    preview = start(database, dry_run=True, late_days=late_days)
    dry = {line["contact"]: as_shown(line["when"][:10]) if line["when"] else MISSED for line in preview}
    assert by_forecast(rapport) == dry
    start(database, approval=True, late_days=late_days)
    proposed = rapport("review", "--list").split("\n  action ")[:-1]
    reviewed = {next(name for name in NAMES if name in text): read(text) for text in proposed}
    assert reviewed == by_forecast(rapport)
    late = sum(when == MISSED for when in reviewed.values())
    assert (f"{late} too late to be sent" in rapport("summary", "demo")) == bool(late)
    with database.transaction() as session:
        session.connection().exec_driver_sql("set local session_replication_role = replica")
        session.connection().exec_driver_sql(
            "update actions set state = 'planned', reason = null, needs_approval = false"
        )
    said = {name: read(rapport("why", f"{SANDBOX}{name.lower()}/", "--account", "demo")) for name in NAMES}
    assert said == by_forecast(rapport)
    assert listed(rapport) == drawn(database) == said
    shown = rapport("contacts", "show", f"{SANDBOX}ann/", "--account", "demo")
    assert read(shown.partition(" is planned: ")[2]) == said["Ann"]


def listed(rapport: Rapport) -> Mapping[str, str]:
    lines = [line.split("\t") for line in rapport("actions", "list").splitlines()[1:]]
    return {who: read(why) for _, who, _, _, why in lines}


def drawn(database: Database) -> Mapping[str, str]:
    """Return what the rows of the demo and of `watch` say."""
    with database.transaction() as session:
        account = require_account(session, "demo")
        lines = overview.list_account_actions(session, account.id)
        view = read_view(session, None, account, [], lines, outlook=OutlookReader())
    return {line.contact: read(explain_state(view, line)) for line in lines}


def test_a_message_of_another_account_is_the_last_contact_and_holds_the_greeting_to_tomorrow(
    database: Database, rapport: Rapport
) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        a_contact(session, account, "ann", birthday=database_now(session).date())
        known = a_contact(session, other, "ann")
        a_message(session, known)
        tomorrow = (database_now(session) + DAY).date()
    start(database, approval=True, late_days=1)
    said = rapport("review", "--list")
    assert "you wrote from account other" in said
    assert f"sent about {as_shown(str(tomorrow))} 00:00 UTC: this person already had a message today" in said


def test_whoever_was_greeted_long_ago_by_v1_has_a_last_contact(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        account, today = an_account(session), database_now(session).date()
        a_contact(session, account, "ann", birthday=today).last_greeted_on = today - 365 * DAY
    start(database, approval=True)
    assert f"last contact: {format_day(today - 365 * DAY)}, you wrote" in rapport("review", "--list")


def test_a_person_without_a_template_is_given_no_time(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        a_contact(session, an_account(session), "ann", birthday=database_now(session).date())
    (line,) = start(database, dry_run=True, fallback_language="xx")
    assert (line["left_out"], line["when"], line["waits_for"]) == ("no_template", "", "")
