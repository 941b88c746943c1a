"""`rapport schedule`: set, list and remove schedules."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from db.engine import Database
from db.store.campaigns import saved_searches, schedules
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people import accounts
from db.tables import Schedule
from tests.builders import TEN, an_account
from tests.cli.conftest import Rapport
from worker.rules.sourcing.criteria import Criteria
from worker.rules.sourcing.search import SearchQuery

WEEKDAYS = ("--cron", "0 9 * * 1-5")


@pytest.fixture(autouse=True)
def account(database: Database) -> None:
    with database.transaction() as session:
        an_account(session, zone="Asia/Kathmandu")
        an_account(session, "real", site="linkedin", limits=TEN)


def options(folder: Path, **fields: object) -> tuple[str, str]:
    path = folder / "options.json"
    path.write_text(json.dumps(fields))
    return "--options", str(path)


def rows(database: Database) -> list[Schedule]:
    with database.transaction() as session:
        return list(session.scalars(select(Schedule)))


def test_a_schedule_shows_its_next_fires_in_the_account_s_zone(rapport: Rapport, database: Database) -> None:
    said = rapport("schedule", "set", "demo", "birthday", *WEEKDAYS)
    assert said.startswith("birthday campaigns of demo start at ")
    assert said.count(" 09:00 Asia/Kathmandu") == 3
    (row,) = rows(database)
    assert (row.next_fire_at.hour, row.next_fire_at.minute) == (3, 15)  # 09:00 at +05:45
    assert row.options["late_days"] == 3
    shown = rapport("schedule", "list")
    assert "09:00 Asia/Kathmandu" in shown
    assert "0 9 * * 1-5" in shown


def test_set_again_it_is_replaced_and_off_it_stays_listed(
    rapport: Rapport, database: Database, tmp_path: Path
) -> None:
    rapport("schedule", "set", "demo", "visitor", *WEEKDAYS, *options(tmp_path, not_seen_months=6))
    rapport(
        "schedule", "set", "demo", "visitor", "--cron", "30 10 1 * *", *options(tmp_path, not_seen_months=7)
    )
    (row,) = rows(database)
    assert (row.cron, row.options["not_seen_months"], row.enabled) == ("30 10 1 * *", 7, True)
    assert "no longer" in rapport("schedule", "off", "demo", "visitor")
    with database.transaction() as session:
        assert schedules.lock_due_schedules(session) == []
    shown = rapport("schedule", "list", "--account", "demo")
    assert "\toff\t" in shown
    assert "no visitor campaign of demo starts by itself" in rapport.refused(
        "schedule", "off", "demo", "visitor"
    )
    rapport("schedule", "set", "demo", "visitor", *WEEKDAYS, *options(tmp_path, not_seen_months=6))
    assert rows(database)[0].enabled


def test_nothing_scheduled_says_how_to(rapport: Rapport) -> None:
    assert "rapport schedule set ACCOUNT birthday" in rapport("schedule", "list")


@pytest.mark.parametrize("cron", ["", "9", "99 * * * *", "* * * * * *", "@daily", "0 0 31 2 *"])
def test_what_is_no_cron_expression_is_refused(rapport: Rapport, database: Database, cron: str) -> None:
    refused = rapport.refused("schedule", "set", "demo", "birthday", "--cron", cron)
    assert refused.startswith(f"{cron!r} isn't a cron expression: ")
    assert "five fields" in refused
    assert rows(database) == []


def test_a_day_that_never_comes_is_refused(rapport: Rapport) -> None:
    never = "0 0 */31 2 1#5"  # the first of February, if it is its fifth Monday
    assert "never fires" in rapport.refused("schedule", "set", "demo", "birthday", "--cron", never)


def test_options_are_held_against_the_kind_s_own(
    rapport: Rapport, tmp_path: Path, database: Database
) -> None:
    def refused(kind: str, **fields: object) -> str:
        return rapport.refused("schedule", "set", "demo", kind, *WEEKDAYS, *options(tmp_path, **fields))

    assert refused("birthday", late_days=11).startswith("options.json: late_days: ")
    assert refused("birthday", not_seen_months=3).startswith("options.json: not_seen_months: ")
    assert "exactly one of" in refused("visitor", limit=3)
    assert refused("sourcing", url="https://evil.test/search/people/?keywords=a").startswith("url: ")
    assert "has no search 'gone'" in refused("sourcing", saved_search="gone")
    assert "has no search 'gone'" in refused("visitor", saved_search="gone")
    assert refused("visitor", profiles=["https://evil.test/in/ann/"]).startswith("profiles.0: ")
    needs = rapport.refused("schedule", "set", "demo", "sourcing", *WEEKDAYS)
    assert needs.startswith("a sourcing campaign needs --options: ")
    assert rows(database) == []


def test_a_saved_search_can_be_scheduled(rapport: Rapport, tmp_path: Path, database: Database) -> None:
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        wanted = SearchSpec(SearchQuery((("keywords", "python"),)), Criteria(title="Engineer"))
        saved_searches.save_search(session, account.id, "pythonists", wanted)
    rapport("schedule", "set", "demo", "sourcing", *WEEKDAYS, *options(tmp_path, saved_search="pythonists"))
    assert rows(database)[0].options["saved_search"] == "pythonists"
