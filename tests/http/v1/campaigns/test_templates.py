"""Templates and signatures below /v1: list, add, change if unchanged, switch, delete, preview."""

from collections.abc import Mapping
from typing import Any

import pytest

from db.engine import Database
from db.store import audit
from db.store.campaigns import templates
from db.store.campaigns.templates import DefaultTemplate
from db.store.people import accounts
from tests.builders import a_contact, an_account
from tests.http.conftest import TestClient
from tests.http.v1.campaigns.test_campaigns import ids
from tests.http.v1.conftest import ClientAs

TEXT = "Happy birthday, {{ first_name }}!"


def add(client: TestClient, text: str = TEXT, **body: object) -> dict[str, Any]:
    answer = client.post("/v1/templates", json={"language": "en", "text": text, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def changes(database: Database) -> list[tuple[str, str, str]]:
    with database.transaction() as session:
        return [(each.by, each.change, each.about) for each in reversed(audit.list_changes(session))]


@pytest.fixture
def nothing_ships(database: Database) -> None:
    with database.transaction() as session:
        templates.save_default_templates(session, [])


@pytest.mark.usefixtures("nothing_ships")
def test_templates_are_listed_by_whom_they_serve_and_by_language(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        an_account(session, "one")
        an_account(session, "two")
    shared = add(v1)["id"]
    own = add(v1, account="one")["id"]
    french = add(v1, language="fr")["id"]
    late = add(v1, late=True)["id"]
    assert ids(v1, "/v1/templates") == [str(each) for each in (shared, own, french, late)]
    assert ids(v1, "/v1/templates", account="one") == [str(each) for each in (own, french, late)]
    assert ids(v1, "/v1/templates", account="two") == [str(each) for each in (shared, french, late)]
    v1.patch(f"/v1/templates/{own}", json={"enabled": False})
    assert ids(v1, "/v1/templates", account="one") == ids(v1, "/v1/templates")
    assert ids(v1, "/v1/templates", language="fr") == [str(french)]
    with database.transaction() as session:
        for name in ("one", "two"):
            owner = accounts.find_account(session, name)
            assert owner is not None
            used = {each.id for each in templates.list_usable_templates(session, owner.id)}
            listed = set(map(int, ids(v1, "/v1/templates", account=name)))
            assert used == listed - ({own} if name == "one" else set())


def test_a_template_is_changed_only_if_it_is_the_one_that_was_read(
    v1_as: ClientAs, database: Database
) -> None:
    client = v1_as("control")
    number = add(client)["id"]
    path = f"/v1/templates/{number}"
    tag = client.get(path).headers["ETag"]
    changed = client.patch(path, json={"text": "Cheers, {{ first_name }}!"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["text"]) == (200, "Cheers, {{ first_name }}!")
    for refused in (
        client.patch(path, json={"weight": 3}, headers={"If-Match": tag}),
        client.delete(path, headers={"If-Match": tag}),
    ):
        assert (refused.status_code, refused.json()["type"]) == (412, "/problems/changed-meanwhile")
    assert client.get(path).json()["weight"] == 1
    client.patch(path, json={"weight": 3}, headers={"If-Match": changed.headers["ETag"]})
    client.patch(path, json={"enabled": False})
    assert client.get(path).json().items() >= {"weight": 3, "enabled": False}.items()
    assert client.delete(path).status_code == 204
    assert client.get(path).json()["type"] == "/problems/template-unknown"
    verbs = ("add", "change", "change", "disable", "delete")
    assert changes(database) == [("control-key", f"template.{verb}", str(number)) for verb in verbs]


def test_the_same_text_twice_is_a_conflict(v1: TestClient) -> None:
    add(v1)
    number = add(v1, "Cheers, {{ first_name }}!")["id"]
    for again in (
        v1.post("/v1/templates", json={"language": "en", "text": TEXT}),
        v1.patch(f"/v1/templates/{number}", json={"text": TEXT}),
    ):
        assert (again.status_code, again.json()["type"]) == (409, "/problems/already-exists")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "Hi {{ nobody }}!"}, "body.text"),
        ({"text": "Hi [Name]!"}, "body.text"),
        ({"text": "Hi\x00"}, "body.text"),
        ({"text": "Hi!", "language": "xx"}, "body.language"),
        ({"text": "Hi!", "weight": 101}, "body.weight"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_added(
    v1: TestClient, database: Database, body: Mapping[str, Any], field: str
) -> None:
    refused = v1.post("/v1/templates", json={"language": "en", **body})
    assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, [field])
    assert changes(database) == []


def test_of_a_default_only_the_weight_and_the_switch_change(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        templates.save_default_templates(session, [DefaultTemplate("a", "en", False, TEXT)])
        (record,) = templates.list_templates(session)
    path = f"/v1/templates/{record.id}"
    for refused in (v1.patch(path, json={"text": "Hi!", "enabled": False}), v1.delete(path)):
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    changed = v1.patch(path, json={"weight": 9, "enabled": False}).json()
    assert (changed["text"], changed["weight"], changed["enabled"]) == (TEXT, 9, False)


def test_a_preview_is_for_names_or_for_people_with_the_signature(v1: TestClient, database: Database) -> None:
    with database.transaction() as session:
        a_contact(session, an_account(session), "zoe", name="Zoe Blanc")
    v1.put("/v1/accounts/demo/signature", json={"text": "Anna"})
    body = {"text": TEXT, "names": ["Léa Petit", "A. B."]}
    named = v1.post("/v1/templates/preview", json=body).json()
    assert [(each["first_name"], each["message"]) for each in named["names"]] == [
        ("Léa", "Happy birthday, Léa!"), (None, None),
    ]  # fmt: skip
    assert (named["people"], named["names"][1]["left_out"] != "") == ([], True)
    stored = add(v1, account="demo")["id"]
    shown = v1.post("/v1/templates/preview", json={"template": stored}).json()
    assert [each["message"] for each in shown["people"]] == ["Happy birthday, Zoe!\nAnna"]
    assert shown["names"]
    none = v1.post("/v1/templates/preview", json={"template": 9_999_999})
    assert none.json()["type"] == "/problems/template-unknown"


def test_a_signature_is_set_removed_and_checked_against_the_one_that_was_read(
    v1: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        an_account(session)
    path = "/v1/accounts/demo/signature"
    tag = v1.get(path).headers["ETag"]
    assert v1.put(path, json={"text": " Anna "}, headers={"If-Match": tag}).json()["text"] == "Anna"
    assert v1.delete(path, headers={"If-Match": tag}).status_code == 412
    assert v1.get(path).json()["text"] == "Anna"
    assert v1.delete(path).status_code == 204
    assert v1.get(path).json()["text"] == ""
    long = v1.put(path, json={"text": "A\nB\nC\nD"})
    assert (long.status_code, long.json()["errors"][0]["field"]) == (422, "body.text")
    assert changes(database) == [("api", "template.signature", "demo")] * 2
