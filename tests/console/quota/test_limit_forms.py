"""Limits are changed by forms as by `rapport quota set`, by the owner alone; a wrong field says why."""

from datetime import timedelta

import pytest

from api_stub.console.session import Role
from db.engine import Database, today_in
from db.store import audit
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger, limits
from tests.builders import a_contact, action, add_planned, database_now
from tests.console.conftest import Console, with_token
from tests.console.hostile import HOSTILE
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.limits import DEFAULT_QUOTA, Limits, Totals
from worker.rules.quota.windows import Hours

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
TYPED: dict[str, object] = {
    "account": "marie", "per_run": "9", "per_day": "10", "per_week": "60", "reserved_per_day": "5",
    "gap_min": "2m", "gap_max": "240s", "opens": "8:30", "closes": "24:00", "days": ["0", "6"],
}  # fmt: skip


def configured(database: Database, account: AccountRecord, kind: Kind = Kind.GREET) -> Limits:
    with database.transaction() as session:
        return limits.get_configured_limits(session, account.id, kind)


def test_the_owner_changes_limits_and_the_log_says_who_did(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    with database.transaction() as session:
        waiting = add_planned(session, marie, a_contact(session, marie, "bob"))
        row = action(session, waiting)
        row.reason, row.not_before = Reason.DAY_LIMIT, row.not_before + 5 * HOUR
    client = console()
    answer = client.post("/quota/greet", data=with_token(**TYPED))
    assert (answer.status_code, answer.headers["location"]) == (303, "/quota?account=marie")
    days = Hours(timedelta(hours=8, minutes=30), timedelta(hours=24), frozenset({0, 6}))
    assert configured(database, marie) == Limits(9, 10, 60, 120 * SECOND, 240 * SECOND, days, 5)
    with database.transaction() as session:
        (change, *_) = limits.list_changes(session, marie.id)
        assert (change.what, change.by) == ("greet", "olga")
        (recorded,) = audit.list_changes(session, about="marie")
        assert (recorded.by, recorded.change, recorded.detail) == ("olga", "quota.limits", "greet")
        assert action(session, waiting).not_before <= database_now(session)  # it asks the quota again
    page = " ".join(client.get("/quota").text.split())
    assert "A day: 15 → 10" in page
    assert "Working hours: 07:00-19:00 → 08:30-24:00" in page
    assert "Working days: every day → Mon, Sun" in page


def test_the_form_shows_what_is_set_and_the_ceilings(console: Console, marie: AccountRecord) -> None:
    page = console().get(f"/quota/greet?account={marie.name}").text
    for shown in (
        'value="90s"',
        'value="180s"',
        'value="07:00"',
        'value="19:00"',
        "At most 30",
        "At most 120",
    ):
        assert shown in page
    assert page.count("checked") == 7


WRONG: tuple[tuple[str, str | list[str], str], ...] = (
    ("per_day", "31", "The hard ceiling of this site is 30."),
    ("per_week", "121", "The hard ceiling of this site is 120."),
    ("per_day", "-1", "Write a whole number"),
    ("per_run", "ten", "Write a whole number"),
    ("per_run", "100001", "Write a whole number"),
    ("per_run", "٣", "Write a whole number"),
    ("per_day", "", "Write a whole number"),
    ("per_week", "9", "That is more than the limit of 7 days"),
    ("reserved_per_day", "11", "That is more than the limit of the day."),
    ("gap_min", "5 parsecs", "Write a duration such as"),
    ("gap_min", "5m", "The longest gap is shorter than the shortest."),
    ("gap_max", "25h", "A gap is a day at most."),
    ("opens", "7h", "Write two times such as"),
    ("opens", "07:00-08:00", "Write two times such as"),
    ("closes", "08:00", "It must close after it opens"),
    ("closes", "25:00", "It must close after it opens"),
    ("days", [], "Choose at least one day."),
    ("days", ["7", "mon"], "Choose at least one day."),
)  # fmt: skip


def test_a_wrong_field_says_what_to_write_and_nothing_changes(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    client = console()
    for field, value, says in WRONG:
        answer = client.post("/quota/greet", data=with_token(**{**TYPED, field: value}))
        assert answer.status_code == 422, (field, value)
        assert says in answer.text, (field, value)
        assert field == "gap_min" or 'value="2m"' in answer.text  # what was typed stays
    assert configured(database, marie) == DEFAULT_QUOTA.limits[Kind.GREET]
    with database.transaction() as session:
        assert audit.list_changes(session, about="marie") == []


def test_the_kept_share_follows_a_lower_limit_of_the_day(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    typed = {**TYPED, "per_day": "4", "reserved_per_day": "15"}  # 15 is what was set before
    assert console().post("/quota/greet", data=with_token(**typed)).status_code == 303
    assert configured(database, marie).reserved_per_day == 4


def test_limits_of_all_kinds_together_have_a_form_of_their_own(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    client = console()
    above = client.post("/quota/all", data=with_token(account="marie", per_day="111", per_week="400"))
    assert (above.status_code, "The hard ceiling of this site is 110." in above.text) == (422, True)
    good = client.post("/quota/all", data=with_token(account="marie", per_day="50", per_week="250"))
    assert good.status_code == 303
    with database.transaction() as session:
        assert limits.get_configured_totals(session, marie.id) == Totals(50, 250)


def test_a_warm_up_is_started_and_ended(console: Console, database: Database, marie: AccountRecord) -> None:
    client = console()
    with database.transaction() as session:
        today = today_in(session, marie.zone)
    tomorrow = (today + timedelta(days=1)).isoformat()
    for wrong in (tomorrow, "soon", "1899-01-01"):
        answer = client.post("/quota/warm-up", data=with_token(account="marie", **{"from": wrong}))
        assert (answer.status_code, "Choose today or an earlier day." in answer.text) == (422, True)
    given = with_token(account="marie", **{"from": today.isoformat()})
    assert client.post("/quota/warm-up", data=given).status_code == 303
    assert "a third of the limits" in client.get("/quota").text
    assert client.post("/quota/warm-up", data=with_token(account="marie", none="1")).status_code == 303
    assert "None: the limits apply in full." in client.get("/quota").text


def test_a_breaker_is_closed_by_hand(console: Console, database: Database, marie: AccountRecord) -> None:
    client = console()
    assert "/quota/visit/breaker" not in client.get("/quota").text
    with database.transaction() as session:
        now = database_now(session)
        ledger.write_breaker(session, marie.id, Kind.VISIT, Breaker(3, 1, now + HOUR))
    assert "/quota/visit/breaker" in client.get("/quota").text
    assert client.post("/quota/visit/breaker", data=with_token(account="marie")).status_code == 303
    with database.transaction() as session:
        (change, *_) = limits.list_changes(session, marie.id)
        assert (change.what, change.after, change.by) == ("breaker", {"closed": ["visit"]}, "olga")
    assert "/quota/visit/breaker" not in client.get("/quota").text


PATHS = ("/quota/greet", "/quota/all", "/quota/warm-up", "/quota/greet/breaker")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER])
def test_nobody_but_the_owner_changes_limits(
    console: Console, database: Database, marie: AccountRecord, role: Role
) -> None:
    client = console(role)
    for path in PATHS:
        assert client.post(path, data=with_token(**TYPED, none="1")).status_code == 403, path
    for path in PATHS[:-1]:
        assert client.get(path).status_code == 403, path
    assert configured(database, marie) == DEFAULT_QUOTA.limits[Kind.GREET]
    assert "/quota/greet" not in client.get("/quota").text


def test_a_form_without_its_token_changes_nothing(
    console: Console, database: Database, marie: AccountRecord
) -> None:
    client = console()
    for path in PATHS:
        assert client.post(path, data={**TYPED, "none": "1"}).status_code == 400, path
    with database.transaction() as session:
        assert audit.list_changes(session, about=marie.name) == []


@pytest.mark.usefixtures("marie")
def test_an_unknown_kind_or_account_is_an_unknown_page(console: Console) -> None:
    client = console()
    assert client.get("/quota/birthday").status_code == 404
    assert client.post("/quota/birthday", data=with_token(**TYPED)).status_code == 404
    assert client.post("/quota/all/breaker", data=with_token(account="marie")).status_code == 404
    for name in ("gone", "", "a\0b", *HOSTILE):
        answer = client.post("/quota/greet", data=with_token(**{**TYPED, "account": name}))
        assert answer.status_code in {400, 404}, name
