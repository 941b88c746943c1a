"""`rapport review` in a real terminal, key by key."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text, update

from db.engine import Database
from db.store.actions import events
from db.store.actions.review import approval, proposals
from db.store.people import accounts
from db.tables import Campaign
from tests.builders import SANDBOX, a_campaign, a_contact, action, add_proposed, an_account, contact_by_slug
from tests.cli.conftest import Rapport
from tests.cli.screen.terminal import Terminal, terminal
from tests.cluster import untraced
from worker.rules.model import CampaignState
from worker.secrets import Vault
from worker.settings import Settings

Open = Callable[..., Terminal]


@pytest.fixture
def open_review(environment: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open `rapport review` in a terminal of 100 columns."""
    own = untraced() | {"COLUMNS": "100", "LINES": "40", "TERM": "xterm"}
    with ExitStack() as opened:
        yield lambda *given, **env: opened.enter_context(terminal("review", *given, env={**own, **env}))


def some_wait(database: Database, *names: str, account: str = "demo") -> list[UUID]:
    """Proposals in the order in which they are shown: each birthday a day before the one before it."""
    with database.transaction() as session:
        owner = an_account(session, account)
        campaign_id = a_campaign(session, owner)
        session.execute(
            update(Campaign)
            .where(Campaign.id == campaign_id)
            .values(state=CampaignState.PLANNED, options={"approval": True})
        )
        return [
            add_proposed(
                session, owner, a_contact(session, owner, name.lower()), campaign_id=campaign_id,
                late_days=late, text=f"Hi {name}!",
            )
            for late, name in enumerate(names)
        ]  # fmt: skip


def state(database: Database, action_id: UUID) -> tuple[str, str | None]:
    with database.transaction() as session:
        row = action(session, action_id)
        return row.state, row.reason


def test_one_key_a_person_and_a_line_at_the_end(database: Database, open_review: Open) -> None:
    ann, bob, eve, zoe = some_wait(database, "Ann", "Bob", "Eve", "Zoe")
    at = open_review()
    shown = at.shows("1 of 4", "Ann", "Hi Ann!", "birthday today", "last texts", "none from this account")
    assert f"{SANDBOX}ann/" in shown
    assert "Bob" not in shown
    at.press("a")
    at.shows("2 of 4", "Hi Bob!", "1 day late", "Ann: approved")
    at.press("s")
    at.shows("3 of 4", "Hi Eve!", "2 days late")
    at.press("d")
    at.shows("4 of 4", "Hi Zoe!", "Eve: dropped")
    at.press("n")
    at.shows("Never contact Zoe again, from any account?")
    at.press("y")
    code, said = at.ended()
    assert code == 0
    assert "approved 1, edited 0, dropped 1, never again 1, left 1" in said
    assert [state(database, action_id) for action_id in (ann, bob, eve, zoe)] == [
        ("planned", None),
        ("proposed", "awaiting_approval"),
        ("skipped", "dropped_by_hand"),
        ("skipped", "do_not_contact"),
    ]
    with database.transaction() as session:
        by = action(session, ann).approved_by
        assert by
        assert events.list_events(session, ann)[-1].actor == f"rapport cli {by}"
        assert contact_by_slug(session, an_account(session), "zoe").do_not_contact


def test_never_again_is_asked_once_more_and_other_keys_do_nothing(
    database: Database, open_review: Open
) -> None:
    (ann,) = some_wait(database, "Ann")
    at = open_review()
    at.shows("1 of 1")
    at.press("n")
    at.shows("Never contact Ann again")
    at.press("a")  # any key but y means no, and approves nothing
    at.shows("1 of 1", "a approve", "q quit")
    at.press("x")
    at.shows("unknown key")
    at.press("aa")  # two keys at once don't count: the person has not read the second screen
    at.shows("unknown key")
    at.press("\x03")
    code, said = at.ended()
    assert (code, "approved 0, edited 0, dropped 0, left 1" in said) == (0, True)
    assert state(database, ann)[0] == "proposed"


def an_editor(folder: Path, *texts: str) -> str:
    """An editor that writes one of `texts` each time."""
    script = folder / "editor.py"
    script.write_text(
        "import pathlib, sys\n"
        f"left = pathlib.Path({str(folder / 'texts')!r})\n"
        "first, _, rest = left.read_text().partition('|')\n"
        "pathlib.Path(sys.argv[1]).write_text(first)\n"
        "left.write_text(rest)\n"
    )
    (folder / "texts").write_text("|".join(texts))
    return f"{sys.executable} {script}"


def test_own_words_are_shown_before_they_are_approved(
    database: Database, open_review: Open, tmp_path: Path
) -> None:
    (ann,) = some_wait(database, "Ann")
    at = open_review(EDITOR=an_editor(tmp_path, "", "Mine\a", "Mine!\n"), VISUAL="")
    at.shows("Hi Ann!")
    at.press("e")
    at.shows("in your words", "the text is empty")
    at.press("a")
    at.shows("in your words", "the text is empty")
    at.press("b")
    at.shows("Hi Ann!", "q quit")
    at.press("e")
    at.shows("Mine\N{REPLACEMENT CHARACTER}", "U+0007")
    at.press("e")
    at.shows("Mine!", "a approve these words")
    at.press("a")
    assert "approved 0, edited 1, dropped 0, left 0" in at.ended()[1]
    with database.transaction() as session:
        assert (action(session, ann).message, action(session, ann).state) == ("Mine!", "planned")


def test_without_an_editor_it_says_so_and_nothing_is_lost(database: Database, open_review: Open) -> None:
    some_wait(database, "Ann")
    at = open_review(EDITOR="/nowhere/editor", VISUAL="")
    at.shows("Hi Ann!")
    at.press("e")
    at.shows("no editor", "set EDITOR", "Hi Ann!", "q quit")
    at.press("q")
    assert "left 1" in at.ended()[1]


def test_what_somebody_else_changed_is_shown_again_and_what_they_decided_is_said(
    database: Database, open_review: Open
) -> None:
    ann, bob, _ = some_wait(database, "Ann", "Bob", "Eve")
    at = open_review()
    at.shows("1 of 3", "Hi Ann!")
    with database.transaction() as session:
        session.execute(text("update actions set message = 'Hello Ann' where id = :id"), {"id": ann})
    at.press("a")
    at.shows("1 of 3", "Hello Ann", "look at it again")
    at.press("a")
    at.shows("2 of 3", "Hi Bob!")
    with database.transaction() as session:
        approval.drop_proposal(session, bob, by="Zoe")
    at.press("a")
    at.shows("2 of 2", "Hi Eve!", "Bob: it is already skipped (dropped_by_hand, by Zoe)")
    at.press("q")
    assert "approved 1, edited 0, dropped 0, left 1" in at.ended()[1]
    assert state(database, bob) == ("skipped", "dropped_by_hand")


def test_what_cannot_be_approved_says_why_and_stays(database: Database, open_review: Open) -> None:
    (ann,) = some_wait(database, "Ann")
    with database.transaction() as session:
        session.execute(text("update contacts set do_not_contact = true"))
    at = open_review()
    at.shows("not to be contacted: it can't be approved")
    at.press("a")
    at.shows("Ann: this person is not to be contacted: drop it")
    at.press("d")
    assert "dropped 1, left 0" in at.ended()[1]
    assert state(database, ann) == ("skipped", "dropped_by_hand")


def test_only_of_an_account_or_a_campaign(database: Database, open_review: Open, rapport: Rapport) -> None:
    some_wait(database, "Ann")
    (bob,) = some_wait(database, "Bob", account="other")
    with database.transaction() as session:
        campaign_id = str(action(session, bob).campaign_id)
    for given in (("--account", "other"), ("--campaign", campaign_id[:8])):
        listed = rapport("review", "--list", *given)
        assert "Bob" in listed
        assert "Ann" not in listed
    at = open_review("--account", "other")
    assert "Bob" in at.shows("1 of 1")
    at.press("q")
    assert "left 1" in at.ended()[1]
    assert "no account called 'nobody'" in rapport.refused("review", "--account", "nobody")
    assert "there is no campaign 'ffff'" in rapport.refused("review", "--campaign", "ffff")


def test_the_list_is_whole_and_asks_nothing(
    database: Database, rapport: Rapport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api_stub.cli.review.commands._LIST_PAGE", 2)
    ids = some_wait(database, "Ann", "Bob", "Eve")
    with database.transaction() as session:
        contact = contact_by_slug(session, an_account(session), "bob")
        contact.full_name = "Bob [red]\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}"
        contact.profile = {"position": "Baker", "company": "Bread"}
        contact.language = "de"
    said = rapport("review", "--list")
    mark = "\N{REPLACEMENT CHARACTER}"
    for part in (*map(str, ids), "Hi Eve!", "2 days late", f"Bob [red]{mark}[2J{mark}", "Baker, Bread"):
        assert part in said
    assert said.endswith("3 wait for approval: `rapport review`\n")
    assert "last contact: none known" in said
    with database.transaction() as session:
        assert proposals.count_proposals(session) == 3


def test_without_a_terminal_nothing_is_decided(database: Database, rapport: Rapport) -> None:
    some_wait(database, "Ann")
    assert "rapport review --list" in rapport.refused("review")


def test_nothing_waits_names_the_campaigns_that_would_ask(
    database: Database, rapport: Rapport, open_review: Open
) -> None:
    assert "rapport campaign birthday ACCOUNT --approval" in rapport("review", "--list")
    (ann,) = some_wait(database, "Ann")
    with database.transaction() as session:
        approval.drop_proposal(session, ann, by="me")
        campaign_id = action(session, ann).campaign_id
    expected = f"  {str(campaign_id)[:8]}, account demo: finished, 1 skipped"
    assert expected in rapport("review", "--list")
    code, said = open_review().ended()
    assert (code, expected in said) == (0, True)


def test_why_points_to_the_review(database: Database, rapport: Rapport) -> None:
    (ann,) = some_wait(database, "Ann")
    assert "a person approves it: `rapport review`" in rapport("why", str(ann))
    with database.transaction() as session:
        sealed = Vault(Settings().required("secret_keys")).seal("{}")
        accounts.save_session(session, action(session, ann).account_id, sealed)
    assert "1 greeting waits for approval: `rapport review --account demo`" in rapport("why", "demo")
    assert "rapport review" in rapport("actions", "review", "--help")
    assert "rapport actions review" in rapport("review", "--help")
