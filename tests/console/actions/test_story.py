"""The story of an action: what happened and why, its proof, and settling it as a person saw it."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from api_stub.console.session import Role
from db.engine import Database
from db.store import audit, kill_switch
from db.store.actions import control, events, lifecycle
from tests.builders import a_campaign, a_contact, action, add_planned
from tests.console.conftest import Console, with_token
from tests.console.hostile import HOSTILE
from tests.console.today.scenes import greeted, planned, signed_in
from tests.db.helpers import claim_action, queue_due_actions
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.screenshot_names import screenshot_name, trace_name

PICTURE, TRACE = b"\x89PNG a picture", b"PK a trace"


def for_review(database: Database, name: str = "Cleo") -> UUID:
    """Add a greeting that may have been sent, and that a person must settle."""
    with database.transaction() as session:
        account = signed_in(session)
        contact = a_contact(session, account, "cleo", name=name)
        action_id = add_planned(session, account, contact, campaign_id=a_campaign(session, account))
        queue_due_actions(session)
        claim = claim_action(session, action_id)
        lifecycle.write_intent(session, claim)
        late = timedelta(seconds=-1)
        lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="", wait=late)
        queue_due_actions(session)
        looking = claim_action(session, action_id)
        lifecycle.mark_needs_review(session, looking, reason=Reason.CANNOT_TELL, detail=f"two <b> {name}")
    return action_id


def test_every_event_is_told_in_words_with_who_and_the_correlation_id(
    console: Console, database: Database
) -> None:
    action_id = for_review(database)
    html = console().get(f"/actions/{action_id}").text
    told = re.findall(r"<li><strong>(.*?)</strong>", html.partition("What happened")[2])
    assert told == [
        "planned", "handed to the workers", "taken by a worker", "about to have its effect", "uncertain",
        "waits for a person",
    ]  # fmt: skip
    with database.transaction() as session:
        assert len(told) == len(events.list_events(session, action_id))
    assert "only a person can tell whether it arrived" in html
    assert "Did it arrive?" in html


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (None, []),
        ("journalctl --grep=ID", ["journalctl --grep=test"]),
        ("x='<b>' && find ID", ["x=&#39;&lt;b&gt;&#39; &amp;&amp; find test"]),
    ],
)
def test_the_command_for_the_logs_is_that_of_this_installation(
    console: Console, database: Database, command: str | None, shown: list[str]
) -> None:
    html = console(log_command=command).get(f"/actions/{for_review(database)}").text
    assert re.findall(r"What all processes logged</dt><dd><code data-copy>(.*?)</code>", html) == shown


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("done", ActionState.DONE), ("again", ActionState.PLANNED), ("skip", ActionState.SKIPPED)],
)
def test_a_person_settles_it_as_they_saw_it(
    console: Console, database: Database, verdict: str, state: ActionState
) -> None:
    action_id = for_review(database)
    client = console(Role.APPROVER)
    answer = client.post(f"/actions/{action_id}/settle", data=with_token(verdict=verdict))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/actions/{action_id}")
    with database.transaction() as session:
        assert action(session, action_id).state == state
        assert events.list_events(session, action_id)[-1].actor == "olga"
        (change,) = audit.list_changes(session)
    assert (change.by, change.change, change.about) == ("olga", f"action.settle-{verdict}", str(action_id))
    assert "Did it arrive?" not in client.get(f"/actions/{action_id}").text


def test_what_somebody_else_settled_is_refused_and_nothing_recorded(
    console: Console, database: Database
) -> None:
    action_id = for_review(database)
    with database.transaction() as session:
        control.settle_by_hand(session, action_id, ActionState.DONE)
    answer = console().post(f"/actions/{action_id}/settle", data=with_token(verdict="again"))
    assert answer.status_code == 422
    with database.transaction() as session:
        assert action(session, action_id).state == ActionState.DONE
        assert audit.list_changes(session) == []


def test_a_viewer_sees_the_story_and_settles_nothing(console: Console, database: Database) -> None:
    action_id = for_review(database)
    client = console(Role.VIEWER)
    assert "<form" not in client.get(f"/actions/{action_id}").text
    answer = client.post(f"/actions/{action_id}/settle", data=with_token(verdict="done"))
    assert answer.status_code == 403
    assert console().post(f"/actions/{action_id}/settle", data={"verdict": "done"}).status_code == 400
    assert console().post(f"/actions/{action_id}/settle", data=with_token(verdict="x")).status_code == 400
    with database.transaction() as session:
        assert action(session, action_id).state == ActionState.NEEDS_REVIEW


def test_what_waits_says_which_gate_is_closed(console: Console, database: Database) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        action_id = planned(session, account, "Ada", is_paused=True)
        kill_switch.pull_kill_switch(session, "olga")
    html = console().get(f"/actions/{action_id}").text
    gates = dict(re.findall(r'<li><strong>(.*?)</strong> <span class="badge \w+">(open|closed)</span>', html))
    assert (gates["Kill switch"], gates["Campaign"], gates["Quota"]) == ("closed", "closed", "open")
    assert "paused" in html


def test_an_unknown_action_is_a_page_that_says_so(console: Console) -> None:
    client = console()
    assert [client.get(f"/actions/{given}").status_code for given in (uuid4(), "nonsense")] == [404, 404]


def test_hostile_words_stay_text(console: Console, database: Database) -> None:
    shown = " ".join(HOSTILE).replace("\u0000", "\u0001")
    action_id = for_review(database, shown)
    with database.transaction() as session:
        session.execute(text("update actions set message = :words"), {"words": shown})
    html = console().get(f"/actions/{action_id}").text
    assert "<script>document" not in html
    assert "<img src=x" not in html
    assert "<b onmouseover" not in html
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u001b\u0001]", html)


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    (folder / "2026-11-27").mkdir(parents=True)
    return folder


def files_of(html: str) -> list[str]:
    return sorted(set(re.findall(r'href="(/evidence/[^"]+)"', html)))


def test_pictures_and_traces_of_the_action_are_served_as_what_they_are(
    console: Console, database: Database, evidence: Path
) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        proof = evidence / "2026-11-27" / "elsewhere.png"
        proof.write_bytes(PICTURE)
        action_id = greeted(session, account, "Zoé", screenshot=str(proof))
        row = action(session, action_id)
        url = session.scalar(text("select profile_url from contacts where id = :id"), {"id": row.contact_id})
    day = evidence / "2026-11-27"
    (day / screenshot_name(account.id, str(url), Kind.GREET, 1)).write_bytes(PICTURE)
    (day / trace_name(account.id, str(url), Kind.GREET, 1)).write_bytes(TRACE)
    client = console(Role.VIEWER, evidence_dir=str(evidence))
    found = files_of(client.get(f"/actions/{action_id}").text)
    assert len(found) == 3
    assert f"/evidence/{action_id}/2026-11-27/elsewhere.png" in client.get("/").text
    for address in found:
        answer = client.get(address)
        is_trace = address.endswith(".zip")
        assert answer.content == (TRACE if is_trace else PICTURE)
        assert answer.headers["content-type"] == ("application/zip" if is_trace else "image/png")
        assert answer.headers["content-disposition"].startswith("attachment" if is_trace else "inline")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_nothing_else_is_served_whatever_the_address_says(
    console: Console, database: Database, evidence: Path, tmp_path: Path
) -> None:
    secret, day = tmp_path / "secret.png", evidence / "2026-11-27"
    secret.write_bytes(b"secret")
    with database.transaction() as session:
        account = signed_in(session)
        mine = greeted(session, account, "Ada", screenshot=str(secret))
        other = greeted(session, account, "Ben", screenshot=str(day / "link.png"))
    (day / "link.png").symlink_to(secret)
    (day / "page.html").write_text("<script>")
    (day / f"{account.id}-somebody-greet-1.png").write_bytes(b"secret")
    client = console(evidence_dir=str(evidence))
    for action_id in (mine, other):
        assert files_of(client.get(f"/actions/{action_id}").text) == []
        for path in (
            "2026-11-27/link.png", "2026-11-27/page.html", f"2026-11-27/{account.id}-somebody-greet-1.png",
            "..%2F/secret.png", f"{tmp_path.name}/secret.png", "2026-11-27/..%2F..%2Fsecret.png",
        ):  # fmt: skip
            answer = client.get(f"/evidence/{action_id}/{path}")
            assert (answer.status_code, b"secret" in answer.content) == (404, False), path
    assert client.get("/evidence/nonsense/2026-11-27/link.png").status_code == 404


def test_a_picture_that_is_gone_is_said(console: Console, database: Database, evidence: Path) -> None:
    with database.transaction() as session:
        account = signed_in(session)
        action_id = greeted(session, account, "Ada", screenshot=str(evidence / "2026-11-01" / "gone.png"))
    client = console(evidence_dir=str(evidence))
    assert "pictures are kept for 14 days" in client.get(f"/actions/{action_id}").text
    assert "another machine" in client.get("/").text
