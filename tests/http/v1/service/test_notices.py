"""Notices below /v1: their targets, what was sent, and links to approve with."""

from uuid import UUID, uuid4

import pytest

from db.engine import Database
from db.store import audit
from db.store.actions.review import approval_links
from db.store.notices import deliveries, outbox, targets
from tests.builders import an_account
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.v1.conftest import ClientAs
from worker.rules.notices.kinds import NoticeKind

TARGETS = "/v1/notice-targets"


@pytest.fixture(autouse=True)
def _targets(database: Database) -> None:
    with database.transaction() as session:
        for name in ("mail", "chat", "pager"):
            targets.add_target(
                session,
                name=name,
                account_id=None,
                scheme="mailtos",
                host="example.org",
                sealed=b"a secret address",
                kinds=None,
                with_texts=False,
                with_screenshots=False,
            )


def test_targets_are_listed_without_their_urls(v1: TestClient) -> None:
    first = v1.get(TARGETS, params={"limit": 2}).json()
    rest = v1.get(TARGETS, params={"limit": 2, "cursor": first["next"]})
    assert [each["name"] for each in [*first["items"], *rest.json()["items"]]] == ["chat", "mail", "pager"]
    assert "secret" not in rest.text
    assert v1.get(f"{TARGETS}/mail").json()["host"] == "example.org"
    unknown = v1.get(f"{TARGETS}/male")
    assert problem(unknown, 404).endswith("did you mean mail?")
    assert unknown.json()["type"] == "/problems/notice-target-unknown"


def test_an_admin_tests_pauses_resumes_and_removes_one(
    v1: TestClient, v1_as: ClientAs, database: Database
) -> None:
    assert v1_as("control").post(f"{TARGETS}/mail/pause").status_code == 403
    tested = v1.post(f"{TARGETS}/mail/test")
    assert (tested.status_code, tested.json()["waiting"]) == (202, 1)
    assert v1.post(f"{TARGETS}/mail/pause").json()["paused_at"]
    assert "resume it first" in problem(v1.post(f"{TARGETS}/mail/test"), 409)
    assert v1.get(f"{TARGETS}/mail").json()["waiting"] == 1
    assert v1.post(f"{TARGETS}/mail/resume").json()["paused_at"] is None
    assert v1.delete(f"{TARGETS}/mail").status_code == 204
    assert v1.delete(f"{TARGETS}/mail").status_code == 404
    with database.transaction() as session:
        told = [(each.by, each.change, each.about) for each in audit.list_changes(session)]
    assert told == [
        ("api", f"notice-target.{change}", "mail") for change in ("remove", "resume", "pause", "test")
    ]


def test_what_was_sent_comes_in_pages_also_in_the_middle_of_an_event(
    v1: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        for key in ("1", "2"):
            outbox.record_event(session, NoticeKind.UPKEEP_LATE, key=key)
        deliveries.dispatch_events(session)
    found: list[tuple[int, str]] = []
    cursor = None
    while cursor is not None or not found:
        page = v1.get("/v1/notices", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += [(each["event_id"], each["target"]) for each in page["items"]]
        cursor = page["next"]
    newer, older = found[0][0], found[-1][0]
    assert found == [(event, name) for event in (newer, older) for name in ("chat", "mail", "pager")]
    assert len(v1.get("/v1/notices", params={"target": "mail", "state": "pending"}).json()["items"]) == 2
    assert v1.get("/v1/notices", params={"state": "sent"}).json()["items"] == []
    assert v1.get("/v1/notices", params={"target": "male"}).status_code == 404


def test_links_to_approve_with_are_listed_and_revoked(
    v1: TestClient, v1_as: ClientAs, database: Database
) -> None:
    seen = {uuid4(): "0" * 64}
    with database.transaction() as session:
        account_id = an_account(session).id
        made = [
            approval_links.new_link(
                account_id=account_id, target=name, seen=seen, public_url="https://rapport.example"
            )
            for name in ("mail", "mail", "chat")
        ]
        approval_links.store_links(session, made)
    first = v1.get("/v1/approval-links", params={"limit": 2}).json()
    rest = v1.get("/v1/approval-links", params={"limit": 2, "cursor": first["next"]}).json()
    links = [*first["items"], *rest["items"]]
    assert len({UUID(link["id"]) for link in links}) == 3
    assert {(link["state"], link["proposals"]) for link in links} == {("open", 1)}
    assert v1_as("approve").post("/v1/approval-links/revoke").status_code == 403
    assert v1.post("/v1/approval-links/revoke", params={"target": "mail"}).json() == {"revoked": 2}
    assert v1.post("/v1/approval-links/revoke").json() == {"revoked": 1}
    mail = v1.get("/v1/approval-links", params={"target": "mail"}).json()["items"]
    assert [link["state"] for link in mail] == ["revoked"] * 2
