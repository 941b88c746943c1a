"""`rapport campaign visitor`, with the tasks in this process in place of a worker."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from db.engine import Database
from db.store.people import accounts
from tasks.contract import VisitorCampaign
from tests.builders import SANDBOX, a_contact, database_now
from tests.cli.campaigns.requests import Asked, a_file, save_a_search
from tests.cli.conftest import Rapport


def test_a_list_is_visited_in_turn_and_each_profile_once(
    rapport: Rapport, worker: Asked, tmp_path: Path
) -> None:
    lines = (
        "# from a fair\nhttp://localhost:8123/in/Ann\n\nsandbox.test/in/bob/ # twice:\nsandbox.test/in/bob\n"
    )
    said = rapport("campaign", "visitor", "demo", "--profiles", a_file(tmp_path, "list.txt", lines))
    (asked,) = worker
    assert isinstance(asked, VisitorCampaign)
    assert asked.profiles == (f"{SANDBOX}ann/", f"{SANDBOX}bob/")
    assert (asked.limit, asked.no_repeat_days, asked.dry_run) == (100, 30, False)
    assert said.count("about ") == 2
    assert "rapport why demo" in said


def test_more_than_a_day_allows_comes_on_the_following_days(
    rapport: Rapport, worker: Asked, tmp_path: Path, database: Database
) -> None:
    addresses = "\n".join(f"{SANDBOX}p{number:03}/" for number in range(90))
    said = rapport("campaign", "visitor", "demo", "--profiles", a_file(tmp_path, "list.txt", addresses))
    with database.transaction() as session:
        today = database_now(session).date()
    days = {f"about {day.day} {day:%b}" for day in (today + timedelta(days=ahead) for ahead in range(10))}
    assert sum(day in said for day in days) >= 3  # 40 a day


def test_lines_that_are_no_profile_of_the_site_are_told_by_number(
    rapport: Rapport, worker: Asked, tmp_path: Path
) -> None:
    given = a_file(tmp_path, "list.txt", f"{SANDBOX}ann/\nhttps://evil.test/in/bob/\n# fine\nnobody\n")
    refused = rapport.refused("campaign", "visitor", "demo", "--profiles", given)
    assert "line 2: 'https://evil.test/in/bob/'" in refused
    assert "line 4: 'nobody'" in refused
    assert "line 1" not in refused
    empty = a_file(tmp_path, "empty.txt", "# nobody\n")
    assert "no profile address in it" in rapport.refused("campaign", "visitor", "demo", "--profiles", empty)
    assert "can't be read" in rapport.refused("campaign", "visitor", "demo", "--profiles", f"{empty}.x")
    assert worker == []


def test_a_dry_run_says_who_would_be_visited_and_who_not(
    rapport: Rapport, worker: Asked, tmp_path: Path, database: Database
) -> None:
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        a_contact(session, account, "eve").do_not_contact = True
    given = a_file(tmp_path, "list.txt", f"{SANDBOX}ann/\n{SANDBOX}eve/\n")
    said = rapport("campaign", "visitor", "demo", "--profiles", given, "--dry-run")
    (ann,) = [line for line in said.splitlines() if f"{SANDBOX}ann/" in line]
    (eve,) = [line for line in said.splitlines() if f"{SANDBOX}eve/" in line]
    assert "about " in ann
    assert ann.split("\t")[2].endswith(" UTC")
    assert "about" not in eve
    assert "not to be" in eve
    assert "nothing was planned or opened" in said
    assert rapport("actions", "list").startswith("no actions")


def test_nobody_to_visit_is_said_to_be_so(rapport: Rapport, worker: Asked) -> None:
    assert "there is nobody to visit" in rapport("campaign", "visitor", "demo", "--not-seen-months", "6")


def test_a_visitor_campaign_of_a_saved_search_says_what_is_searched(
    rapport: Rapport, worker: Asked, database: Database
) -> None:
    save_a_search(database)
    said = rapport("campaign", "visitor", "demo", "--saved", "pythonists", "--limit", "25")
    assert "keywords python, location Paris" in said
    assert "up to 3, the last about" in said
    assert "scored" not in said


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ((), "exactly one of saved_search, profiles and not_seen_months"),
        (("--saved", "a", "--not-seen-months", "3"), "exactly one of"),
        (("--saved", "nothing-like-it"), "saved_search: account demo has no search 'nothing-like-it'"),
        (("--saved", "No Name"), "saved_search: "),
        (("--not-seen-months", "61"), "not_seen_months: "),
        (("--not-seen-months", "3", "--limit", "1001"), "limit: "),
        (("--not-seen-months", "3", "--no-repeat-days", "6"), "no_repeat_days: "),
    ],
)
def test_what_cannot_be_visited_is_refused_before_anybody_is_asked(
    rapport: Rapport, worker: Asked, given: Sequence[str], refusal: str
) -> None:
    assert refusal in rapport.refused("campaign", "visitor", "demo", *given)
    assert worker == []
