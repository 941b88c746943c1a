"""Links to approve with: what opens, what a press does, and what each that can't be used answers."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, text, update
from structlog.testing import capture_logs

from db.engine import Database
from db.store.actions import events
from db.store.actions.review import approval, approval_links, proposals
from db.store.actions.review.approval_links import LinkState
from db.store.people import accounts
from db.tables import Action, ApprovalLink
from tests.builders import SANDBOX, a_campaign, a_contact, add_proposed, an_account
from tests.http.conftest import Front, TestClient
from tests.http.test_approval import state

PUBLIC = "https://example.org/rapport"
TEXT = 'Happy <script>alert("1")</script> birthday\nand & more \N{BIRTHDAY CAKE}'
TARGET = "mail of Ann"


@pytest.fixture
def visitor(front: Front) -> TestClient:
    """A browser without a key."""
    client = front(public_url=PUBLIC)
    del client.headers["X-API-Key"]
    return client


@pytest.fixture
def waiting(database: Database) -> list[UUID]:
    """Three greetings that wait for approval."""
    with database.transaction() as session:
        account = an_account(session)
        campaign_id = a_campaign(session, account)
        return [
            add_proposed(
                session, account, a_contact(session, account, slug, name=name),
                campaign_id=campaign_id, text=f"{TEXT} {slug}",
            )
            for slug, name in (("ann", "Ann <b>Lee</b>"), ("bob", "Bob"), ("eve", "Eve"))
        ]  # fmt: skip


def link_to(database: Database, wanted: list[UUID]) -> str:
    """Create a link to these proposals; return the path of its address as the server sees it."""
    with database.transaction() as session:
        listed = [each for each in proposals.list_proposals(session, limit=10) if each.id in wanted]
        (account,) = accounts.list_accounts(session)
        link = approval_links.new_link(
            account_id=account.id,
            target=TARGET,
            seen={each.id: each.seen for each in listed},
            public_url=PUBLIC,
        )
        approval_links.store_links(session, [link])
    assert re.fullmatch(rf"{PUBLIC}/approve/[\w-]{{43}}", link.url)
    return link.url.removeprefix(PUBLIC)


def read_form(page: str) -> dict[str, list[str]]:
    """Return the hidden fields of a page."""
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page):
        fields.setdefault(name, []).append(unescape(value))
    return fields


def press(visitor: TestClient, path: str, form: Mapping[str, list[str]], **button: str) -> str:
    answer = visitor.post(path, data={**form, **(button or {"approve": "all"})})
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def states(database: Database, wanted: list[UUID]) -> list[str]:
    return [state(database, each)[0] for each in wanted]


def link_state(database: Database) -> LinkState:
    with database.transaction() as session:
        (link,) = approval_links.list_links(session)
    return link.state


def test_opening_a_link_shows_recipient_and_text_and_changes_nothing(
    visitor: TestClient, database: Database, waiting: list[UUID]
) -> None:
    path = link_to(database, waiting[:2])
    for headers in ({}, {"Sec-Purpose": "prefetch"}, {"User-Agent": "Slackbot-LinkExpanding"}):
        page = visitor.get(path, headers=headers)
        assert visitor.head(path, headers=headers).status_code == page.status_code == 200
    for shown in ("Ann <b>Lee</b>", f"{SANDBOX}ann/", f"{TEXT} ann", f"{TEXT} bob", "2 greetings wait"):
        assert shown in unescape(page.text), shown
    assert "eve" not in page.text
    assert "<script" not in page.text
    assert "<b>" not in page.text
    assert states(database, waiting) == ["proposed"] * 3
    assert link_state(database) is LinkState.OPEN
    headers = page.headers
    assert "script" not in headers["Content-Security-Policy"]
    assert "default-src 'none'; style-src 'sha256-" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert (headers["X-Frame-Options"], headers["X-Robots-Tag"]) == ("DENY", "noindex, nofollow")


def test_a_press_approves_what_was_shown_and_the_history_names_the_link(
    visitor: TestClient, database: Database, waiting: list[UUID]
) -> None:
    path = link_to(database, waiting[:2])
    answer = press(visitor, path, read_form(visitor.get(path).text))
    assert "2 greetings are approved" in answer
    assert [state(database, each) for each in waiting[:2]] == [("planned", None, f"link for {TARGET}")] * 2
    assert states(database, waiting[2:]) == ["proposed"]
    with database.transaction() as session:
        assert events.list_events(session, waiting[0])[-1].actor == f"link for {TARGET}"
    assert link_state(database) is LinkState.USED
    assert visitor.get(path).status_code == visitor.post(path).status_code == 410


@pytest.mark.parametrize("when", ["before it is opened", "before the press"])
def test_what_changed_since_is_not_approved_and_is_said(
    visitor: TestClient, database: Database, waiting: list[UUID], when: str
) -> None:
    path = link_to(database, waiting)

    def change() -> None:
        with database.transaction() as session:
            session.execute(update(Action).where(Action.id == waiting[0]).values(message="Another text"))
            approval.drop_proposal(session, waiting[1], by="somebody else")

    if when == "before it is opened":
        change()
    page = visitor.get(path).text
    form = read_form(page)
    if when == "before the press":
        change()
    else:
        assert "Another text" not in page
        assert form["action"] == [str(waiting[2])]
    answer = press(visitor, path, form)
    assert "1 greeting is approved" in answer
    said = unescape(page if when == "before it is opened" else answer)
    assert "Ann <b>Lee</b>: its recipient or its text has changed since it was shown" in said
    assert "Bob: it is already skipped (dropped_by_hand, by somebody else)" in said
    assert states(database, waiting) == ["proposed", "skipped", "planned"]


def test_a_press_that_is_not_from_its_page_changes_nothing(
    visitor: TestClient, database: Database, waiting: list[UUID]
) -> None:
    path, other = link_to(database, waiting[:1]), link_to(database, waiting)
    own, of_other = (read_form(visitor.get(each).text) for each in (path, other))
    more = {"action": [*own["action"], str(waiting[1])]}
    wrong: list[dict[str, list[str]]] = [
        {}, of_other, own | more, own | {"seal": ["0" * 64]}, own | {"action": ["x"]}
    ]  # fmt: skip
    for form in wrong:
        answer = visitor.post(path, data={**form, "approve": "all"})
        assert (answer.status_code, "changed nothing" in answer.text) == (400, True), form
    assert visitor.post(path, data=own).status_code == 400  # no button was pressed
    assert visitor.post(path, data={**own, "drop": str(waiting[1])}).status_code == 400
    assert visitor.post(path, json=own).status_code == 415
    assert states(database, waiting) == ["proposed"] * 3


def test_one_of_many_presses_at_once_counts(
    visitor: TestClient, database: Database, waiting: list[UUID]
) -> None:
    path = link_to(database, waiting)
    form = {**read_form(visitor.get(path).text), "approve": ["all"]}
    with ThreadPoolExecutor(6) as threads:
        codes = sorted(threads.map(lambda _: visitor.post(path, data=form).status_code, range(6)))
    assert codes == [200, *[410] * 5]
    assert states(database, waiting) == ["planned"] * 3


def test_a_person_is_left_out_and_the_others_can_still_be_approved(
    visitor: TestClient, database: Database, waiting: list[UUID]
) -> None:
    path = link_to(database, waiting)
    form = read_form(visitor.get(path).text)
    dropped = visitor.post(path, data={**form, "drop": str(waiting[1])}, follow_redirects=False)
    assert (dropped.status_code, dropped.headers["Location"]) == (303, path.rpartition("/")[2])
    assert state(database, waiting[1])[:2] == ("skipped", "dropped_by_hand")
    with database.transaction() as session:
        assert events.list_events(session, waiting[1])[-1].actor == f"link for {TARGET}"
    form = read_form(visitor.get(path).text)
    with database.transaction() as session:
        session.execute(update(Action).where(Action.id == waiting[2]).values(message="Another text"))
    seen = visitor.post(path, data={**form, "drop": str(waiting[2])}).text
    assert "Eve: its recipient or its text has changed" in seen
    assert "1 greeting is approved" in press(visitor, path, read_form(seen))
    assert states(database, waiting) == ["planned", "skipped", "proposed"]


def test_a_link_that_ended_or_never_was_opens_one_calm_page(
    front: Front, visitor: TestClient, database: Database, waiting: list[UUID]
) -> None:
    ended: dict[str, dict[str, Any]] = {
        "expired": {"created_at": func.now() - timedelta(days=2), "expires_at": func.now()},
        "used": {"used_at": func.now()},
        "revoked": {"revoked_at": func.now()},
    }
    pages = set()
    for values in ended.values():
        path = link_to(database, waiting)
        with database.transaction() as session:
            session.execute(update(ApprovalLink).values(used_at=None, revoked_at=None))
            session.execute(update(ApprovalLink).values(**values))
        for answer in (visitor.get(path), visitor.post(path, data={"approve": "all"})):
            assert answer.status_code == 410
            pages.add(answer.text)
    for unknown in ("/approve/" + "x" * 43, "/approve/%FF%00", "/approve/" + "é" * 300):
        answer = visitor.get(unknown)
        assert answer.status_code == 404
        pages.add(answer.text)
    assert len(pages) == 1
    assert "rapport review" in pages.pop()
    assert states(database, waiting) == ["proposed"] * 3
    with database.transaction() as session:
        session.execute(update(ApprovalLink).values(used_at=None, revoked_at=None))
    path = link_to(database, waiting)
    assert visitor.get(path).status_code == 200
    assert front().get(path).status_code == 404, "no public address is set"


def test_many_unknown_links_are_slowed_and_a_good_one_still_opens(
    visitor: TestClient, database: Database, waiting: list[UUID]
) -> None:
    codes = [visitor.get(f"/approve/{number}").status_code for number in range(32)]
    assert codes == [404] * 30 + [429] * 2
    assert "Retry-After" in visitor.get("/approve/0").headers
    assert visitor.get(link_to(database, waiting)).status_code == 200


def test_the_token_is_stored_as_a_hash_and_never_logged(
    visitor: TestClient, database: Database, waiting: list[UUID]
) -> None:
    path = link_to(database, waiting)
    token = path.rpartition("/")[2]
    with capture_logs() as lines:
        form = read_form(visitor.get(path).text)
        visitor.post(path, data={**form, "drop": str(waiting[1])})
        press(visitor, path, read_form(visitor.get(path).text))
        visitor.get(path)
        visitor.get(f"{path}/more")
    said = str(lines)
    assert "'request'" in said
    assert token not in said
    assert TEXT.splitlines()[0] not in said
    with database.transaction() as session:
        (stored,) = session.execute(text("select l::text from approval_links l")).scalars()
    assert token not in stored
    assert token.encode().hex()[:32] not in stored
