"""What the demo does before and after its campaign: more birthdays, limits, what to try next."""

import json
import shlex
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from api_stub.cli.context import DEFAULT_DATA, require_account
from api_stub.cli.main import COMMANDS
from api_stub.cli.stack import next_steps
from api_stub.cli.stack.demo import _has_ended
from api_stub.cli.stack.demo_account import LIMITS, MEMBER, prepare_account
from api_stub.cli.stack.demo_display import render_addresses
from api_stub.cli.terminal import Console
from api_stub.cli.watch.display import render_view
from api_stub.cli.watch.view import View
from api_stub.sandbox.population.members import MEMBERS
from api_stub.sandbox.state import State
from api_stub.stack import ledger_check
from api_stub.stack.errors import DemoNameTakenError, StackError
from api_stub.stack.services import Addresses
from db.engine import Database
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Interaction
from tests.builders import TEN, a_contact, an_account
from worker.rules.model import AccountStatus, Kind
from worker.rules.sourcing.criteria import Criteria

TODAY = date(2028, 2, 29)
CRITERIA = Path(__file__).parents[3] / "docs" / "criteria.json"


@pytest.fixture
def network(tmp_path: Path) -> State:
    return State(tmp_path / "sandbox.sqlite3", today=lambda: TODAY, now=lambda: datetime.now(UTC))  # noqa: TID251


def test_each_time_new_people_have_a_birthday(network: State) -> None:
    before = {friend.slug for friend in network.friends()}
    first, second = network.add_birthdays(TODAY), network.add_birthdays(TODAY)
    assert len({*before, *first, *second}) == 40 + 13 + 13
    for slugs in (first, second):
        days = [
            (TODAY - friend.latest_birthday(TODAY)).days
            for friend in network.friends()
            if friend.slug in slugs
        ]
        assert (days.count(0), max(days)) == (5, 7)
        assert all(set(slugs) <= network.list_connections(member) for member in MEMBERS)


def test_an_address_with_letters_beyond_ascii_is_found_in_the_ledger() -> None:
    assert ledger_check._slug("http://127.0.0.1:7712/in/ji%C5%99%C3%AD-4927/") == "jiří-4927"


def test_the_criteria_of_the_page_find_people_on_the_practice_network(network: State) -> None:
    criteria = Criteria.model_validate_json(CRITERIA.read_text())
    assert criteria.title
    assert criteria.location
    terms = {"title": criteria.title, "location": criteria.location}
    found = network.search_people(terms, offset=0, limit=99)
    assert len(found) >= 5
    assert any(set(criteria.skills) <= set(person.skills) for person in found)


def greet(session: Session, account: AccountRecord, count: int) -> None:
    """Record greetings of now."""
    for number in range(count):
        contact = a_contact(session, account, f"p{number}")
        session.add(
            Interaction(
                account_id=account.id, contact_id=contact.id, type=Kind.GREET, status="seen", message="Hi!",
                occasion="x", correlation_id="x", source_key=f"seen:{number}",
            )
        )  # fmt: skip


def test_what_is_tried_next_are_commands_that_exist() -> None:
    data = Path("/my data")
    told = f"{next_steps.after_the_demo([], 'demo', data)}\n{next_steps.beside_the_stack('demo', data)}"
    assert max(map(len, next_steps.beside_the_stack("demo", DEFAULT_DATA).splitlines())) < 80
    lines = [line.split("  ")[1] for line in told.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("rapport")]
    assert len(commands) == 6
    assert all(words[0] == "rapport" and words[1] in COMMANDS for words in commands)
    assert all(words[-2:] == ["--data", "/my data"] for words in commands)
    [search] = [words for words in commands if "sourcing" in words]
    assert json.loads(Path(search[search.index("--criteria") + 1]).read_text())


def test_the_practice_network_s_sign_in_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Console().print(render_addresses(Addresses("http://a", "http://f", "http://practice"), Path("/d")))
    line = next(line for line in capsys.readouterr().out.splitlines() if "http://practice" in line)
    assert f"sign in as {MEMBER.login}, password {MEMBER.password}" in line


def test_again_lets_twelve_more_through_and_the_next_demo_does_not(database: Database) -> None:
    account = prepare_account(database, again=False)

    def allowed() -> tuple[int, int]:
        with database.transaction() as session:
            now = limits.get_configured_limits(session, account.id, Kind.GREET)
        return now.per_day, now.per_week

    assert allowed() == (LIMITS.per_day, LIMITS.per_week) == (12, 75)
    with database.transaction() as session:
        greet(session, account, 70)
    prepare_account(database, again=True)
    assert allowed() == (82, 82)
    prepare_account(database, again=False)
    assert allowed() == (70, 82)


def test_the_demo_ends_when_its_account_stops(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
    stopped = replace(account_record(database), status=AccountStatus.STOPPED)
    view = View(stopped, [], [], None, f"account {account.name} is stopped: why, and what to do")
    with pytest.raises(StackError, match="is stopped: why, and what to do"):
        _has_ended(view)


def test_what_to_do_is_folded_and_never_cut_on_a_narrow_screen(database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    advice = (
        "account demo is stopped: the site showed a limit page; check the account on the site, then sign in"
    )
    view = View(account_record(database), [], [], None, advice)
    rows = render_view(view, 40, 24, header=[], hint="q leaves")
    assert advice in " ".join(part.plain for row in rows for _, part in row)


def account_record(database: Database) -> AccountRecord:
    with database.transaction() as session:
        return require_account(session, "demo")


def test_limits_that_a_person_set_stay(database: Database) -> None:
    account = prepare_account(database, again=False)
    own = replace(LIMITS, per_day=30)
    with database.transaction() as session:
        limits.set_limits(session, account.id, Kind.GREET, own, by="ops@host")
    prepare_account(database, again=False)
    with database.transaction() as session:
        assert limits.get_configured_limits(session, account.id, Kind.GREET) == own


def test_the_time_zone_that_a_person_set_stays(database: Database) -> None:
    with database.transaction() as session:
        an_account(session, MEMBER.login, zone="Asia/Tokyo")
    assert prepare_account(database, again=False).zone.key == "Asia/Tokyo"


def test_an_account_of_another_site_that_has_the_name_is_left_as_it_is(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session, MEMBER.login, site="linkedin", limits=TEN)
    with pytest.raises(DemoNameTakenError, match="demo is on linkedin"):
        prepare_account(database, again=False)
    with database.transaction() as session:
        assert limits.get_configured_limits(session, account.id, Kind.GREET) == TEN
