"""The audit log below /v1: changes, and chains of events that are verified in parts."""

from typing import Any

import pytest

from db.engine import Database
from db.store import audit
from db.store.actions import events
from db.store.people.accounts import removed_name
from tests.builders import a_contact, add_planned, an_account
from tests.db.helpers import run_without_triggers
from tests.http.conftest import TestClient
from tests.http.v1.conftest import ClientAs

CHAIN = "/v1/audit/chains/demo"


def test_changes_are_filtered_and_paged(v1: TestClient, database: Database) -> None:
    for by, change, about in (
        ("eve", "account.pause", "ann"), ("crm", "account.pause", "bob"), ("crm", "account.resume", "ann"),
    ):  # fmt: skip
        with database.transaction() as session:
            audit.record_change(session, by=by, change=change, about=about)

    def told(**params: object) -> list[tuple[str, str]]:
        found = v1.get("/v1/audit/changes", params=params).json()["items"]
        return [(each["by"], each["about"]) for each in found]

    assert told() == [("crm", "ann"), ("crm", "bob"), ("eve", "ann")]
    assert told(about="ann", by="eve") == [("eve", "ann")]
    assert told(change="account.pause") == [("crm", "bob"), ("eve", "ann")]
    last, middle, first = (each["at"] for each in v1.get("/v1/audit/changes").json()["items"])
    assert told(since=middle, until=last) == [("crm", "bob")]
    assert told(until=middle) == [("eve", "ann")]
    cursor = v1.get("/v1/audit/changes", params={"limit": 2}).json()["next"]
    assert told(limit=2, cursor=cursor) == [("eve", "ann")]
    assert first < middle


@pytest.mark.parametrize("limit", [2, 3, 1000])
def test_a_chain_is_verified_part_by_part(v1: TestClient, database: Database, limit: int) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("ann", "bob", "cleo"):
            add_planned(session, account, a_contact(session, account, slug))
        an_account(session, removed_name("gone", "sandbox"))

    def verify() -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        cursor = None
        while cursor is not None or not parts:
            answer = v1.get(CHAIN, params={"limit": limit, **({"cursor": cursor} if cursor else {})})
            parts.append(answer.json())
            cursor = parts[-1]["next"]
        return parts

    parts = verify()
    assert (sum(each["events"] for each in parts), sum(each["actions"] for each in parts)) == (3, 3)
    assert all(part["events"] + part["actions"] <= limit for part in parts)
    assert [problem for each in parts for problem in each["problems"]] == []
    heads = v1.get("/v1/audit/chains").json()["items"]
    head = {"account": "demo", "events": 3, "head": parts[-1]["head"]}
    assert heads == [head, {"account": "removed:sandbox:gone", "events": 0, "head": ""}]
    assert v1.get("/v1/audit/chains/removed:sandbox:gone").json()["problems"] == []
    with database.transaction() as session:
        run_without_triggers(session, "update action_events set actor = 'nobody' where seq = 3")
        run_without_triggers(session, "update actions set state = 'skipped', reason = 'gap'")
    found = [str(problem) for each in verify() for problem in each["problems"]]
    assert found[0] == "event 3 was changed"
    assert sum(int(each.split()[0]) for each in found[1:]) == 3
    with database.snapshot() as session:
        assert events.verify_chains(session)[0].problems == (
            "event 3 was changed", "3 actions are in a state that no event explains",
        )  # fmt: skip


def test_only_an_admin_reads_it_and_a_forged_cursor_skips_nothing(
    v1: TestClient, v1_as: ClientAs, database: Database
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        for slug in ("ann", "bob"):
            add_planned(session, account, a_contact(session, account, slug))
    for path in ("/v1/audit/changes", "/v1/audit/chains", CHAIN):
        assert v1_as("control", "approve").get(path).status_code == 403
    cursor = v1.get(CHAIN, params={"limit": 1}).json()["next"]
    payload, _, signature = cursor.partition(".")
    for forged in (f"{payload[:-2]}AA.{signature}", f"{payload}.", payload, "x.y"):
        answer = v1.get(CHAIN, params={"limit": 1, "cursor": forged})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/cursor-invalid")
    assert v1.get("/v1/audit/chains/nobody").json()["type"] == "/problems/account-unknown"
