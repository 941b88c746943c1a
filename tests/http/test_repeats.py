"""The same campaign id again: the same request gets the same answer, and another is refused."""

from uuid import UUID

import pytest

from db.engine import Database
from db.store.campaigns import campaigns
from db.store.people.accounts import AccountRecord
from tasks.campaigns.creation import add_campaign
from tasks.contract import BirthdayOptions, SourcingOptions
from tasks.request_rules import fingerprint
from tests.builders import an_account
from tests.http.conftest import TestClient
from tests.http.front_door.test_front_door import problem
from worker.errors import RequestRefusedError
from worker.rules.sourcing.criteria import Criteria

ID = "00000000-0000-4000-8000-00000000000a"
FIRST = {"account": "demo", "campaign_id": ID, "dry_run": True}


@pytest.fixture
def account(database: Database) -> AccountRecord:
    with database.transaction() as session:
        an_account(session, "other")
        return an_account(session)


def test_the_same_request_again_is_accepted_however_it_is_written(
    client: TestClient, account: AccountRecord
) -> None:
    for body in (FIRST, FIRST, {**FIRST, "late_days": 3}, {**FIRST, "campaign_id": ID.upper()}):
        assert client.post("/control/birthday", json=body).status_code == 202


def test_a_default_that_a_later_version_adds_changes_nothing_of_what_was_asked_for() -> None:
    class Later(BirthdayOptions):
        """Options of a later version."""

        greet_twice: bool = False

    before = fingerprint(BirthdayOptions(dry_run=True))
    assert fingerprint(Later(dry_run=True)) == before
    assert fingerprint(Later(dry_run=True, greet_twice=True)) != before


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("birthday", {"dry_run": False}),
        ("birthday", {"late_days": 7}),
        ("birthday", {"account": "other"}),
        ("invitations", {}),
    ],
)
def test_another_request_under_the_same_id_is_refused_while_the_first_is_a_message(
    client: TestClient, account: AccountRecord, kind: str, other: dict[str, object]
) -> None:
    assert client.post("/control/birthday", json=FIRST).status_code == 202
    said = problem(client.post(f"/control/{kind}", json={**FIRST, **other}), 409)
    assert "this id was already used" in said
    assert client.post("/control/birthday", json=FIRST).status_code == 202


def test_by_name_too_another_request_under_the_same_id_is_an_error_and_a_repeat_is_none(
    client: TestClient, database: Database, account: AccountRecord
) -> None:
    assert client.post("/control/birthday", json=FIRST).status_code == 202

    def begun(options: BirthdayOptions) -> bool:
        with database.transaction() as session:
            return add_campaign(session, account, UUID(ID), options) is not None

    with pytest.raises(RequestRefusedError, match="campaign_id: this id was already used"):
        begun(BirthdayOptions(dry_run=False))
    assert begun(BirthdayOptions(dry_run=True)) is True
    assert begun(BirthdayOptions(dry_run=True)) is False
    with pytest.raises(RequestRefusedError, match="choose a new id"):
        begun(BirthdayOptions(dry_run=True, late_days=1))
    assert problem(client.post("/control/birthday", json={**FIRST, "late_days": 1}), 409)


def test_options_that_were_filled_in_are_still_those_that_were_asked_for(
    client: TestClient, database: Database, account: AccountRecord
) -> None:
    """A campaign stores the criteria of its saved search; the repeated request doesn't have them."""
    asked = SourcingOptions(criteria=Criteria(title="Chef", required=frozenset({"title"})))
    filled = SourcingOptions(criteria=Criteria(title="Cook"))
    with database.transaction() as session:
        campaign = add_campaign(session, account, UUID(ID), asked, stored=filled)
        assert campaign is not None
        found = campaigns.find_campaign(session, UUID(ID))
    assert found is not None
    assert found.options["criteria"]["title"] == "Cook"
    body = {"account": "demo", "campaign_id": ID, "criteria": {"title": "Chef", "required": ["title"]}}
    assert client.post("/control/sourcing", json=body).status_code == 202
    assert problem(client.post("/control/sourcing", json={**body, "limit": 5}), 409)
