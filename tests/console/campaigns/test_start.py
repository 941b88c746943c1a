"""The forms that start campaigns: once each, checked as everywhere, with what keeps it from being planned."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from api_stub.console.session import Role
from db.engine import Database
from db.store import audit
from db.store.campaigns import requests
from db.store.kill_switch import pull_kill_switch
from db.store.people.accounts import AccountRecord
from db.tables import CampaignRequest, Contact
from tests.builders import a_contact, database_now
from tests.console.campaigns.conftest import birthday_form, plan_requested
from tests.console.conftest import Console, with_token
from tests.console.hostile import HOSTILE
from tests.http.conftest import TestClient
from worker.rules.model import CampaignKind

NOWHERE = "redis://127.0.0.1:1/0"

VISITOR = {"account": "demo", "limit": "100", "no_repeat_days": "30", "stop_after": "3"}


def kept(database: Database) -> list[Any]:
    with database.transaction() as session:
        return list(session.execute(select(CampaignRequest.campaign_id, CampaignRequest.options)))


def changes(database: Database) -> list[tuple[str, str, str]]:
    with database.transaction() as session:
        return [(each.by, each.change, each.about) for each in audit.list_changes(session)]


def dry_run(client: TestClient, kind: str, **fields: object) -> str:
    form = with_token(account="demo", campaign_id=uuid4(), **fields)
    answer = client.post(f"/campaigns/new/{kind}/dry-run", data=form, headers={"hx-request": "true"})
    assert answer.status_code == 200
    return str(answer.text)


@pytest.mark.usefixtures("workers", "account")
def test_a_form_that_is_posted_twice_starts_one_campaign(console: Console, database: Database) -> None:
    client, campaign_id = console(), uuid4()
    for _ in range(2):
        answer = client.post("/campaigns/new/birthday", data=birthday_form(campaign_id, approval="on"))
        assert (answer.status_code, answer.headers["location"]) == (303, f"/campaigns/{campaign_id}")
    assert [found for found, _ in kept(database)] == [campaign_id]
    assert changes(database) == [("olga", "campaign.start", str(campaign_id))]


STARTS: Final[dict[CampaignKind, dict[str, str]]] = {
    CampaignKind.BIRTHDAY: {"late_days": "3", "fallback_language": "en"},
    CampaignKind.VISITOR: {**VISITOR, "source": "not_seen_months", "not_seen_months": "3"},
    CampaignKind.SOURCING: {**VISITOR, "source": "criteria", "criteria.title": "Engineer"},
    CampaignKind.INVITATIONS: {"account": "demo", "older_than_days": "30", "limit": "20"},
}
"""A form of each kind, as a browser sends it."""


@pytest.mark.usefixtures("workers", "account")
@pytest.mark.parametrize("kind", CampaignKind)
def test_each_kind_of_campaign_is_started_by_its_form(
    console: Console, database: Database, kind: CampaignKind
) -> None:
    campaign_id = uuid4()
    form = with_token(campaign_id=campaign_id, **{"account": "demo", **STARTS[kind]})
    answer = console().post(f"/campaigns/new/{kind}", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/campaigns/{campaign_id}")
    with database.transaction() as session:
        (found,) = session.execute(select(CampaignRequest.campaign_id, CampaignRequest.kind))
    assert tuple(found) == (campaign_id, kind)
    assert plan_requested(database) == [campaign_id]


@pytest.mark.usefixtures("workers", "account")
def test_a_campaign_from_the_form_is_planned_and_its_page_follows(
    console: Console, database: Database
) -> None:
    client, campaign_id = console(), uuid4()
    page = f"/campaigns/{campaign_id}"
    client.post("/campaigns/new/birthday", data=birthday_form(campaign_id, approval="on"))
    assert "A worker will plan it in a moment" in client.get(page).text
    assert plan_requested(database) == [campaign_id]
    shown = client.get(page).text
    assert "waits for your approval" in shown
    assert "Anna Smith" in shown
    assert "0 of 2 done" in shown
    assert str(campaign_id) in shown  # its correlation id
    assert "0 of 2 done" in client.get("/campaigns").text


@pytest.mark.usefixtures("workers", "account")
def test_a_form_that_was_changed_after_it_started_a_campaign_says_so(
    console: Console, database: Database
) -> None:
    client, campaign_id = console(), uuid4()
    client.post("/campaigns/new/birthday", data=birthday_form(campaign_id))
    answer = client.post("/campaigns/new/birthday", data=birthday_form(campaign_id, late_days="5"))
    assert answer.status_code == 422
    assert "has already started a campaign with other options" in answer.text
    assert str(campaign_id) not in answer.text  # sent again, it starts another one
    assert len(kept(database)) == 1


ERRORS: Final = [
    ("birthday", {"late_days": "11"}, "at most 10", 'value="11"'),
    ("birthday", {"late_days": "three"}, "a whole number, please", 'value="three"'),
    ("birthday", {"fallback_language": "qq"}, "two letters of a language", 'value="qq"'),
    ("visitor", {"source": "profiles", "profiles": ""}, "fill this in", 'value="profiles" checked'),
    ("visitor", {"source": "profiles", "profiles": "https://else.test/x"}, "profile address", "test/x"),
    ("visitor", {"source": "saved_search", "saved_search": "nobody"}, "no search", 'value="nobody"'),
    ("visitor", {"source": "everybody"}, "choose one of these", "<h1>Profile visits</h1>"),
    ("sourcing", {"source": "criteria"}, "there is nothing to search for", "<h1>People search</h1>"),
    ("sourcing", {"source": "url", "url": "http://127.0.0.1/x y"}, "no blanks", "http://127.0.0.1/x y"),
    ("sourcing", {"source": "criteria", "criteria.keywords": "a\na"}, "is given twice", "a\na</text"),
    (
        "sourcing",
        {"source": "criteria", "criteria.title": "x", "criteria.required": "skills"},
        "has no value above",
        'value="skills" checked',
    ),
    ("invitations", {"older_than_days": "0"}, "at least 1", 'value="0"'),
]


@pytest.mark.usefixtures("workers", "account")
def test_an_error_stands_beside_its_field_and_what_was_typed_stays(
    console: Console, database: Database
) -> None:
    client = console()
    for kind, fields, said, stays in ERRORS:
        form = birthday_form(uuid4()) | VISITOR | {"older_than_days": "30", "not_seen_months": "3"} | fields
        answer = client.post(f"/campaigns/new/{kind}", data=form)
        assert answer.status_code == 422
        assert said in answer.text
        assert stays in answer.text
        assert ('class="error"' in answer.text) == (said != "there is nothing to search for")
        assert kept(database) == []


def test_what_keeps_it_from_being_planned_is_said_and_nothing_is_kept(
    console: Console, database: Database, account: AccountRecord, workers: None
) -> None:
    with database.transaction() as session:
        pull_kill_switch(session, by="tests")
    client = console()
    answer = client.post("/campaigns/new/birthday", data=birthday_form(uuid4(), read_site="on"))
    assert answer.status_code == 422
    assert "Everything is stopped" in answer.text
    assert kept(database) == []
    assert "Everything is stopped" in client.get("/campaigns/new/birthday").text


@pytest.mark.usefixtures("account")
def test_without_workers_nothing_is_kept_and_it_says_so(console: Console, database: Database) -> None:
    answer = console().post("/campaigns/new/birthday", data=birthday_form(uuid4()))
    assert answer.status_code == 422
    assert "No worker takes messages of control" in answer.text
    assert kept(database) == []


@pytest.mark.usefixtures("account")
def test_without_redis_nothing_is_kept_and_it_says_so(console: Console, database: Database) -> None:
    client = console()
    client.app.state.settings = client.app.state.settings.model_copy(  # type: ignore[attr-defined]
        update={"redis_url": SecretStr(NOWHERE)}
    )
    answer = client.post("/campaigns/new/birthday", data=birthday_form(uuid4()))
    assert answer.status_code == 422
    assert "Redis doesn&#39;t answer" in answer.text
    assert kept(database) == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER])
def test_only_an_owner_starts_campaigns(
    console: Console, database: Database, account: AccountRecord, workers: None, role: Role
) -> None:
    client = console(role)
    assert client.get("/campaigns/new/birthday").status_code == 403
    assert client.post("/campaigns/new/birthday", data=birthday_form(uuid4())).status_code == 403
    assert client.post("/campaigns/new/birthday/dry-run", data=birthday_form(uuid4())).status_code == 403
    assert "/campaigns/new" not in client.get("/campaigns").text
    assert kept(database) == []


def test_a_dry_run_says_who_when_which_text_and_whom_not(
    console: Console, database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        today = database_now(session).date()
        a_contact(session, account, "acme", name="Acme GmbH", birthday=today)
        left_out = a_contact(session, account, "left", name="Leo Left", birthday=today)
        left_out.do_not_contact = True
        for number, name in enumerate(HOSTILE):
            a_contact(session, account, f"hostile{number}", name=name.replace("\0", ""), birthday=today)
    shown = dry_run(console(), "birthday", late_days="3", fallback_language="en")
    assert "Anna Smith" in shown
    assert shown.count("<blockquote") >= 2
    assert "about <time" in shown
    assert "this person is not to be contacted" in shown
    assert "there is no name to address this person by" in shown
    assert not [harm for harm in ("<script", "<img", "<b ", "\u202e", "\x1b") if harm in shown]
    assert kept(database) == []


def test_a_dry_run_of_visits_and_searches_needs_no_worker(
    console: Console, database: Database, account: AccountRecord
) -> None:
    client = console()
    seen = dry_run(
        client, "visitor", source="not_seen_months", not_seen_months="3", limit="10", no_repeat_days="30",
        stop_after="3",
    )  # fmt: skip
    assert "Anna Smith" in seen
    listed = dry_run(
        client, "visitor", source="profiles", profiles="https://sandbox.test/in/anna/\nhttps://sandbox.test/in/new/",
        not_seen_months="3",
        limit="10", no_repeat_days="30", stop_after="3",
    )  # fmt: skip
    assert "Anna Smith" in listed
    assert "sandbox.test/in/new" in listed
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 2  # the new one isn't stored
    searched = dry_run(
        client, "sourcing", source="criteria", limit="20", no_repeat_days="30", stop_after="3",
        **{"criteria.title": "Engineer", "criteria.weights.title": "5"},
    )  # fmt: skip
    assert "title: Engineer" in searched
    assert "Title (+100)" in searched
    assert "up to 2" in searched
    assert "A dry run with the site" in dry_run(client, "invitations", older_than_days="30", limit="20")


@pytest.mark.usefixtures("workers", "account")
def test_a_dry_run_with_the_site_is_a_campaign_that_plans_nothing(
    console: Console, database: Database
) -> None:
    client = console()
    answer = client.post("/campaigns/new/birthday", data=birthday_form(uuid4(), dry_run="on"))
    campaign_id = UUID(answer.headers["location"].rpartition("/")[2])
    assert [(found, options["dry_run"]) for found, options in kept(database)] == [(campaign_id, True)]
    plan_requested(database)
    shown = client.get(f"/campaigns/{campaign_id}").text
    assert "dry run" in shown
    assert "Anna Smith" in shown
    with database.transaction() as session:
        assert requests.find_waiting_request(session, campaign_id) is None


@pytest.mark.usefixtures("account")
def test_without_htmx_the_dry_run_is_the_whole_page_with_what_was_typed(console: Console) -> None:
    campaign_id = uuid4()
    answer = console().post("/campaigns/new/birthday/dry-run", data=birthday_form(campaign_id, late_days="7"))
    assert "<h1>Birthday greetings</h1>" in answer.text
    assert "Anna Smith" in answer.text
    assert 'value="7"' in answer.text
    assert str(campaign_id) in answer.text
