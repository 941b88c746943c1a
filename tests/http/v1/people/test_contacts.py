"""`/v1/contacts`: lists, one person, and what can be changed about them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database
from db.store import audit
from db.store.people import accounts
from db.tables import Contact
from tests.builders import SANDBOX, a_contact, add_planned, an_account, database_now
from tests.cluster import wait_for
from tests.http.conftest import TestClient
from tests.http.v1.conftest import ClientAs
from worker.rules.model import ContactStatus

LATER = "2099-02-03"


@pytest.fixture
def people(database: Database) -> dict[str, int]:
    """Two accounts; both know Ann, `demo` knows three more."""
    with database.transaction() as session:
        demo, other = an_account(session), an_account(session, "other")
        found = {
            slug: a_contact(session, demo, slug, birthday=date(1980, 3, 14))
            for slug in ("ann", "bob", "cas", "dov")
        }
        found["cas"].status, found["cas"].score = ContactStatus.PROSPECT, 80
        found["ann@other"] = a_contact(session, other, "ann")
        return {slug: contact.id for slug, contact in found.items()}


def names(client: TestClient, **asked: object) -> list[str]:
    """Return the names of a list, page by page."""
    return list(_pages(client, asked))


def _pages(client: TestClient, asked: dict[str, Any]) -> Iterator[str]:
    while True:
        page = client.get("/v1/contacts", params={"limit": 2, **asked})
        assert page.status_code == 200, page.text
        yield from (item["name"] for item in page.json()["items"])
        if page.json()["next"] is None:
            return
        asked = {**asked, "cursor": page.json()["next"]}


def test_a_list_is_narrowed_and_comes_in_pages(
    v1: TestClient, people: dict[str, int], database: Database
) -> None:
    with database.transaction() as session:
        now = database_now(session).isoformat().replace("+00:00", "Z")
        later = (database_now(session) + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    everybody = ["Ann", "Bob", "Cas", "Dov", "Ann"]
    v1.put(f"/v1/contacts/{people['bob']}/hold", json={"until": LATER})
    v1.put(f"/v1/contacts/{people['dov']}/do-not-contact")
    assert names(v1) == everybody
    assert names(v1, account="other") == ["Ann"]
    assert names(v1, status="prospect") == names(v1, min_score=80) == names(v1, text="cas") == ["Cas"]
    assert names(v1, on_hold=True) == ["Bob"]
    assert names(v1, on_hold=False) == ["Ann", "Cas", "Dov", "Ann"]
    assert names(v1, do_not_contact=True) == ["Dov"]
    assert names(v1, since="2020-01-01T00:00:00Z", until=later) == everybody
    assert names(v1, since=now) == names(v1, until="2020-01-01T00:00:00Z") == []
    assert v1.get("/v1/contacts?account=nobody").json()["type"] == "/problems/account-unknown"


def show(client: TestClient, contact_id: int) -> dict[str, Any]:
    answer = client.get(f"/v1/contacts/{contact_id}")
    assert answer.status_code == 200, answer.text
    return {**answer.json(), "etag": answer.headers["etag"]}


def test_a_person_is_found_as_the_command_line_finds_them(v1: TestClient, people: dict[str, int]) -> None:
    exact = v1.get("/v1/contact-lookup", params={"who": "ann", "account": "demo"}).json()
    assert ([each["id"] for each in exact["items"]], exact["exact"], exact["count"]) == (
        [people["ann"]],
        True,
        1,
    )
    near = v1.get("/v1/contact-lookup", params={"who": "annn"}).json()
    assert (near["items"], near["count"]) == ([], 0)
    assert {each["id"] for each in near["suggestions"]} == {people["ann"], people["ann@other"]}


def test_what_is_set_by_hand_stays_until_it_is_taken_back(v1: TestClient, people: dict[str, int]) -> None:
    path = f"/v1/contacts/{people['ann']}"
    answer = v1.patch(path, json={"birthday": "1980-05-06", "call_by": "Annie"})
    assert answer.status_code == 200, answer.text
    contact = answer.json()["contact"]
    assert (contact["birthday"], contact["call_by"], contact["language"]) == ("1980-05-06", "Annie", None)
    assert {value: signed["by"] for value, signed in contact["by_hand"].items()} == {
        "birthday": "api", "call_by": "api",
    }  # fmt: skip
    assert answer.headers["etag"] == show(v1, people["ann"])["etag"]
    contact = v1.patch(path, json={"birthday": None, "language": "fr"}).json()["contact"]
    assert (contact["birthday"], contact["call_by"], contact["language"]) == ("--03-14", "Annie", "fr")
    history = v1.get(f"{path}/history", params={"limit": 1}).json()
    assert (history["items"][0]["what"], history["items"][0]["by"]) == ("change", "api")
    older = v1.get(f"{path}/history", params={"limit": 10, "cursor": history["next"]}).json()
    assert [each["what"] for each in older["items"]] == ["change", "known"]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("birthday", "2-30"), ("birthday", "2099-01-01"), ("birthday", "soon"), ("call_by", "A\0b"),
        ("call_by", "{name}"), ("call_by", "x" * 41), ("language", "xx"), ("nickname", "Ann"), (None, None),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_and_nothing_changes(
    v1: TestClient, people: dict[str, int], field: str | None, given: object
) -> None:
    before = show(v1, people["ann"])
    answer = v1.patch(f"/v1/contacts/{people['ann']}", json={field: given} if field else {})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/fields-wrong")
    assert answer.json()["errors"][0]["field"].startswith(f"body.{field}" if field else "body")
    assert show(v1, people["ann"]) == before


CHANGES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", "", {"call_by": "Annie"}),
    ("PUT", "/hold", {"until": LATER}),
    ("DELETE", "/hold", None),
    ("PUT", "/do-not-contact", None),
    ("DELETE", "/do-not-contact", None),
    ("PUT", "/address", {"profile_url": f"{SANDBOX}ann-new/"}),
]


@pytest.mark.parametrize(("method", "end", "body"), CHANGES)
def test_a_change_of_what_somebody_else_has_changed_is_refused(
    v1: TestClient, people: dict[str, int], method: str, end: str, body: dict[str, Any] | None
) -> None:
    read = show(v1, people["ann"])["etag"]
    v1.patch(f"/v1/contacts/{people['ann']}", json={"call_by": "Anna"})
    changed = show(v1, people["ann"])
    path = f"/v1/contacts/{people['ann']}{end}"
    answer = v1.request(method, path, json=body, headers={"If-Match": read})
    assert (answer.status_code, answer.json()["type"]) == (412, "/problems/changed-meanwhile")
    assert show(v1, people["ann"]) == changed
    assert v1.request(method, path, json=body, headers={"If-Match": changed["etag"]}).is_success
    unknown = v1.request(method, f"/v1/contacts/999999{end}", json=body)
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/contact-unknown")


def test_a_hold_is_for_every_account_that_knows_the_person(
    v1_as: ClientAs, people: dict[str, int], database: Database
) -> None:
    crm, path = v1_as("control"), f"/v1/contacts/{people['ann']}"
    with database.transaction() as session:
        contact = session.get_one(Contact, people["ann"])
        account = accounts.get_account(session, contact.account_id)
        add_planned(session, account, contact)
    held = crm.put(f"{path}/hold", json={"until": LATER, "reason": "on  leave"})
    assert [(each["contact_id"], each["waiting"]) for each in held.json()["items"]] == [
        (people["ann"], 1), (people["ann@other"], 0),
    ]  # fmt: skip
    shown = show(crm, people["ann@other"])
    assert (shown["hold_until"], shown["hold_reason"], shown["hold_by"]) == (LATER, "on leave", "control-key")
    assert crm.delete(f"{path}/hold").status_code == 204
    assert crm.delete(f"{path}/hold").status_code == 204
    assert show(crm, people["ann@other"])["hold_until"] is None
    past = crm.put(f"{path}/hold", json={"until": "2020-01-01"})
    assert (past.status_code, past.json()["errors"][0]["field"]) == (422, "body.until")
    with database.transaction() as session:
        made = audit.list_changes(session)
    assert [(each.change, each.by) for each in made] == [
        (change, "control-key") for change in ("contact.release",) * 2 + ("contact.hold",) * 2
    ]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", "hold", {"until": LATER}), ("DELETE", "hold", None), ("PUT", "do-not-contact", None)],
)
def test_changes_of_a_person_in_two_accounts_lock_both_in_one_order(
    v1: TestClient, people: dict[str, int], database: Database, *, method: str, path: str, body: object
) -> None:
    lock = text("select 1 from contacts where id = :id for update nowait")
    waiting = text("select 1 from pg_locks where not granted")
    address = f"/v1/contacts/{people['ann@other']}/{path}"
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as first:
            first.execute(lock, {"id": people["ann"]})
            second = pool.submit(v1.request, method, address, json=body, headers={"If-Match": "*"})
            wait_for("the request to wait", lambda: first.scalar(waiting) is not None)
            first.execute(lock, {"id": people["ann@other"]})
        assert second.result().is_success


def test_do_not_contact_is_for_every_account_and_lifted_in_one(
    v1: TestClient, people: dict[str, int]
) -> None:
    for call_by in ("Annie", None):  # nothing is left that was set by hand
        assert v1.patch(f"/v1/contacts/{people['ann']}", json={"call_by": call_by}).status_code == 200
    path = f"/v1/contacts/{people['ann']}/do-not-contact"
    assert v1.put(path).status_code == v1.put(path).status_code == 204
    assert show(v1, people["ann@other"])["do_not_contact"] is True
    assert v1.delete(path).status_code == 204
    assert [show(v1, people[each])["do_not_contact"] for each in ("ann", "ann@other")] == [False, True]


def test_two_who_may_be_one_person_are_joined_or_told_apart(
    v1: TestClient, people: dict[str, int], database: Database
) -> None:
    with database.transaction() as session:
        for slug in ("ann", "bob"):
            contact = session.get_one(Contact, people[slug])
            owner = accounts.get_account(session, contact.account_id)
            a_contact(
                session, owner, f"ACoAABcDeFgHi{slug}", name=contact.full_name, birthday=date(1980, 3, 14)
            )
    asked = {"account": "demo", "limit": 1}
    first = v1.get("/v1/contact-doubts", params=asked).json()
    rest = v1.get("/v1/contact-doubts", params={**asked, "cursor": first["next"]}).json()
    one, two = first["items"] + rest["items"]
    assert (one["reason"], rest["next"]) == ("maybe_same_person", None)

    def post(doubt: dict[str, Any], verb: str, **more: object) -> Any:
        return v1.post(
            f"/v1/contacts/{doubt['contact_id']}/{verb}", json={"other_id": doubt["other_id"], **more}
        )

    assert post(one, "merge").status_code == 422  # not confirmed
    kept = post(one, "merge", confirm="merge")
    assert kept.status_code == 200, kept.text
    assert kept.json()["id"] == min(one["contact_id"], one["other_id"])
    assert post(one, "merge", confirm="merge").status_code == 404  # one of them is gone
    assert post(two, "distinct").status_code == 204
    assert v1.get("/v1/contact-doubts", params=asked).json()["items"] == []
    for wrong in (people["bob"], people["ann@other"]):
        answer = v1.post(f"/v1/contacts/{people['bob']}/merge", json={"other_id": wrong, "confirm": "merge"})
        assert answer.json()["errors"][0]["field"] == "body.other_id"


def test_an_address_that_moved_is_settled(v1: TestClient, people: dict[str, int]) -> None:
    path = f"/v1/contacts/{people['ann']}/address"
    assert (
        v1.put(path, json={"profile_url": f"{SANDBOX}Ann-New"}).json()["profile_url"] == f"{SANDBOX}ann-new/"
    )
    wrong = v1.put(path, json={"profile_url": "https://example.org/ann"})
    assert wrong.json()["errors"][0]["field"] == "body.profile_url"
    taken = v1.put(path, json={"profile_url": f"{SANDBOX}bob/"})
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/conflict")
