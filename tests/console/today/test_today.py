"""The first page: its lists, its banners, the switches, and who may press them."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api_stub.console.session import Role
from db.engine import Database
from db.store import audit, kill_switch
from db.store.actions import control
from db.store.imports import subscriptions
from db.store.people import accounts
from tests.builders import a_contact, add_proposed, an_account
from tests.console.conftest import Console, with_token
from tests.console.hostile import HOSTILE
from tests.console.today.scenes import greeted, in_state, planned, signed_in, today
from worker import queues
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState
from worker.rules.subscriptions.readings import ReadFailure, SourceKind
from worker.servers import redis_address


def kinds(html: str) -> list[str]:
    return re.findall(r'data-kind="(\w+)"', html)


def standing(html: str) -> str:
    found = re.search(r'id="standing"[^>]*>(.*?)</p>', html)
    assert found is not None
    return re.sub(r"<[^>]+>", "", found[1])


@pytest.fixture
def consumed(redis_url: str) -> None:
    """Let a worker take messages of every queue."""
    with queues.connect(redis_address.parse(redis_url)) as client:
        queues.record_consumer(client, "worker", queues.ALL_QUEUES, asked_s=0.1, busy_s=None)


@pytest.mark.usefixtures("consumed")
def test_a_quiet_day_has_one_line_and_no_banner(console: Console, database: Database) -> None:
    with database.transaction() as session:
        signed_in(session)
    answer = console().get("/")
    assert answer.status_code == 200
    assert standing(answer.text) == "Nobody to greet today."
    assert kinds(answer.text) == []


def test_without_an_account_it_leads_to_the_set_up(console: Console) -> None:
    answer = console().get("/")
    assert (answer.status_code, 'href="/setup"' in answer.text) == (200, True)


@pytest.mark.usefixtures("consumed")
def test_who_was_greeted_is_shown_with_the_text_and_whether_somebody_answered(
    console: Console, database: Database
) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        greeted(session, account, "Ada", text="All the best, Ada!", replied=True)
        in_state(session, account, "Zoé", ActionState.SKIPPED, Reason.WRITTEN_BY_HAND)
    html = console().get("/").text
    assert standing(html) == (
        "1 of 2 greeted; Zoé left out: you have already written to this person by hand."
    )
    assert "All the best, Ada!" in html
    assert "Thank you!" in html


@pytest.mark.usefixtures("consumed")
def test_who_waits_is_shown_with_the_text_and_namesakes_with_their_address(
    console: Console, database: Database
) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        for slug, text_of_one in (("maria-1", "Cheers, María!"), ("maria-2", "All the best!")):
            contact = a_contact(session, account, slug, name="María García")
            add_proposed(session, account, contact, text=text_of_one)
        add_proposed(session, account, a_contact(session, account, "zoe-1", name="Zoé"), text="Hi Zoé!")
    html = console().get("/").text
    rows = [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in re.findall(r"<li>.*?</li>", html, re.DOTALL)]
    assert sorted(" ".join(row) for row in rows) == [
        "María García maria-1 Story Cheers, María!",
        "María García maria-2 Story All the best!",
        "Zoé Story Hi Zoé!",
    ]


@pytest.mark.usefixtures("consumed")
def test_a_commit_of_another_connection_shows_at_once(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        planned(session, account, "Ada")
    client = console()
    assert standing(client.get("/").text) == "0 of 1 greeted; next any moment."
    with database.transaction() as session:
        control.pause_account(session, account.id)
    assert standing(client.get("/").text) == "The account is paused; 0 of 1 greeted; 1 waits until then."
    with database.transaction() as session:
        control.resume_account(session, account.id)
        greeted(session, account, "Ben")
    assert standing(client.get("/").text) == "1 of 2 greeted; next any moment."


def test_nothing_is_read_again_while_nothing_changes(
    console: Console, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        signed_in(session)
    client = console()
    client.get("/")
    monkeypatch.setattr("api_stub.console.today.days.read_day", None)
    assert client.get("/").status_code == 200


@pytest.mark.usefixtures("consumed")
def test_each_account_has_a_page_and_hears_of_another_one_that_stopped(
    console: Console, database: Database
) -> None:
    with database.transaction() as session:
        signed_in(session, "demo")
        other = signed_in(session, "other & <more>")
        greeted(session, other, "Ben")
        accounts.stop_account(session, other.id, Reason.CHALLENGE)
    client = console()
    assert kinds(client.get("/").text) == ["other_account"]
    html = client.get("/", params={"account": "other & <more>"}).text
    assert kinds(html) == ["stopped"]
    assert "the site asks for proof that you are human" in html
    assert standing(html) == "The account is stopped; 1 greeted, nobody left."
    assert client.get("/", params={"account": "nobody"}).status_code == 404


def test_what_needs_a_person_is_told_with_what_to_do(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        in_state(session, account, "Cleo", ActionState.NEEDS_REVIEW, Reason.CANNOT_TELL)
        kill_switch.pull_kill_switch(session, "<b>olga</b>")
        session.execute(
            text("update upkeep_jobs set added_at = now() - interval '9 days' where name = 'quota'")
        )
    html = console().get("/").text
    assert kinds(html) == ["kill_switch", "not_signed_in", "nobody_consumes", "settle", "upkeep"]
    assert "rapport account sign-in demo" in html
    assert "&lt;b&gt;olga&lt;/b&gt;" in html


def test_a_source_that_is_read_again_tonight_is_not_said_to_have_ended(
    console: Console, database: Database
) -> None:
    with database.transaction() as session:
        source = subscriptions.save_subscription(
            session, account_id=an_account(session).id, kind=SourceKind.CALENDAR, title="",
            origin="https://cal.example", address_hash=b"h" * 32, sealed=b"",
        )  # fmt: skip
        claim = subscriptions.claim_reading(session, source, requested=False)
        assert claim is not None
        subscriptions.record_failure(session, claim, ReadFailure.TIMEOUT)
    html = console().get("/").text
    assert "was not read the last time: the server took too long to answer." in html
    with database.transaction() as session:
        session.execute(text("update subscriptions set next_at = null"))
    assert "isn't read any more" in console().get("/").text


def test_many_to_settle_are_one_banner(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        for name in ("Ada", "Ben", "Cleo", "Dora"):
            in_state(session, account, name, ActionState.NEEDS_REVIEW, Reason.CANNOT_TELL)
    html = console().get("/").text
    assert kinds(html).count("settle") == 1
    assert "4 may have arrived" in html
    assert standing(html) == "0 of 4 greeted; 4 wait for you."


def test_a_sign_in_that_ends_soon_is_told(console: Console, database: Database) -> None:
    with database.transaction() as session:
        signed_in(session)
        session.execute(text("update accounts set session_expires_at = now() + interval '2 days'"))
    assert "sign_in" in kinds(console().get("/").text)


def test_redis_away_is_told_and_the_page_comes(console: Console, database: Database) -> None:
    with database.transaction() as session:
        signed_in(session)
    client = console(redis_url="redis://127.0.0.1:1/0")
    assert kinds(client.get("/").text) == ["redis"]


def test_pause_and_resume_are_one_press_each_and_recorded(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = signed_in(session)
    client = console(Role.APPROVER)
    assert 'action="/stop/pause"' in client.get("/").text
    answer = client.post("/stop/pause", data=with_token(account="demo"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/?account=demo")
    html = client.get("/").text
    assert "The account is paused" in html
    assert 'action="/stop/resume"' in html
    client.post("/stop/resume", data=with_token(account="demo"))
    with database.transaction() as session:
        assert accounts.get_account(session, account.id).status is AccountStatus.ACTIVE
        done = [(change.by, change.change, change.about) for change in audit.list_changes(session)]
    assert done == [("olga", "account.resume", "demo"), ("olga", "account.pause", "demo")]


def test_everything_is_stopped_after_a_question_and_resumed(console: Console, database: Database) -> None:
    with database.transaction() as session:
        signed_in(session)
    client = console(Role.APPROVER)
    assert 'action="/stop/everything"' not in client.get("/").text
    assert 'action="/stop/everything"' in client.get("/stop").text
    assert client.post("/stop/everything", data=with_token()).status_code == 303
    with database.transaction() as session:
        pulled = kill_switch.get_kill_switch(session)
    assert pulled is not None
    assert pulled.by == "olga"
    assert 'action="/stop/resume-everything"' in client.get("/").text
    client.post("/stop/resume-everything", data=with_token())
    with database.transaction() as session:
        assert kill_switch.get_kill_switch(session) is None
        done = [change.change for change in audit.list_changes(session)]
    assert done == ["kill_switch.release", "kill_switch.pull"]


def test_an_account_that_the_site_stopped_is_not_resumed_without_a_sign_in(
    console: Console, database: Database
) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
    client = console()
    client.post("/stop/resume", data=with_token(account="demo"))
    assert "only a new sign-in starts it" in client.get("/").text
    with database.transaction() as session:
        assert accounts.get_account(session, account.id).status is AccountStatus.STOPPED
        assert audit.list_changes(session) == []


PRESSES = ("/stop/pause", "/stop/resume", "/stop/everything", "/stop/resume-everything")


def test_a_viewer_sees_the_state_and_no_button(console: Console, database: Database) -> None:
    with database.transaction() as session:
        signed_in(session)
    client = console(Role.VIEWER)
    for page in ("/", "/stop"):
        assert "<form" not in client.get(page).text
    for path in PRESSES:
        assert client.post(path, data=with_token(account="demo")).status_code == 403
    with database.transaction() as session:
        assert audit.list_changes(session) == []


@pytest.mark.parametrize(("role", "is_offered"), [(Role.OWNER, True), (Role.APPROVER, False)])
def test_only_who_may_start_a_campaign_is_offered_it(
    console: Console, database: Database, role: Role, is_offered: bool
) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        a_contact(session, account, "zoe-1", name="Zoé Quill", birthday=today(session))
    html = console(role).get("/").text
    assert ("In no campaign" in html, "/campaigns/new" in html) == (True, is_offered)


def test_a_press_from_elsewhere_changes_nothing(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = signed_in(session)
    client = console()
    for path in PRESSES:
        assert client.post(path, data={"account": "demo"}).status_code == 400
    with database.transaction() as session:
        assert accounts.get_account(session, account.id).status is AccountStatus.ACTIVE
        assert kill_switch.get_kill_switch(session) is None


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_hostile_names_and_texts_stay_text(console: Console, database: Database, locale: str) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        for words in HOSTILE:
            shown = words.replace("\u0000", "\u0001")
            greeted(session, account, shown, text=shown, screenshot=str(Path("/etc/passwd")), replied=True)
            in_state(session, account, shown, ActionState.NEEDS_REVIEW, Reason.CANNOT_TELL)
            in_state(session, account, shown, ActionState.SKIPPED, Reason.EXPIRED)
            planned(session, account, shown)
    html = console(locale=locale).get("/").text
    assert "<script>document" not in html
    assert "<img src=x" not in html
    assert "<b onmouseover" not in html
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u001b\u0001]", html)
    assert "/etc/passwd" not in html


def test_a_page_that_waits_for_another_s_look_holds_no_connection(
    console: Console, database: Database
) -> None:
    """Otherwise some open pages would keep every other request from Postgres, the one that stops all too."""
    with database.transaction() as session:
        account = signed_in(session)
    client = console()
    assert isinstance(client.app, FastAPI)
    state = client.app.state
    held = []

    class Turn:
        def __enter__(self) -> None:
            held.append(state.database.engine.pool.checkedout())

        def __exit__(self, *_: object) -> None: ...

    state.days._known._find_slot(account.id).lock = Turn()
    assert client.get("/").status_code == 200
    assert held == [0]
