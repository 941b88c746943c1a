"""`rapport account add` without a site, and `account remove`: what goes, and what is still known after it."""

from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import gates
from db.store.people import accounts, contacts
from db.store.people.accounts import AccountRecord
from db.tables import Account, Action, Contact, Exclusion, Interaction
from tests.builders import (
    SANDBOX,
    TEN,
    a_campaign,
    a_contact,
    add_planned,
    an_account,
    contact_by_slug,
    database_now,
)
from tests.cli.conftest import Rapport
from tests.cli.screen.terminal import terminal
from tests.cluster import untraced, wait_for
from tests.db.helpers import claim_action, queue_due_actions
from tests.imports.files import write_file
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.screenshot_names import screenshot_name

LINKEDIN = "https://www.linkedin.com/in/"
CONNECTIONS = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n" + "".join(
    f"P{number},Lee,{LINKEDIN}p{number},,,,21 Nov 2026\n" for number in range(40)
)


def test_a_new_account_needs_its_site_unless_it_can_be_inferred(
    rapport: Rapport, database: Database, environment: pytest.MonkeyPatch
) -> None:
    said = rapport.refused("account", "add", "mine")
    assert "`rapport account add mine --site sandbox`" in said
    assert "`rapport account add mine --site linkedin`" in said
    assert "on sandbox" in rapport("account", "add", "demo")  # a member of the practice network
    with database.transaction() as session:
        a_contact(session, an_account(session, "work", site="linkedin", limits=TEN), "ann")
    environment.setattr("sys.stdin", StringIO("yes\n"))
    said = rapport("account", "add", "mine")
    assert "on linkedin, like the contacts that you have; --site chooses another site" in said


def test_on_a_terminal_the_site_is_asked_for(database: Database, environment: pytest.MonkeyPatch) -> None:
    with terminal("account", "add", "mine", env=untraced() | {"TERM": "xterm"}) as opened:
        wait_for("the question", lambda: "Which site is mine on?" in opened.screen())
        opened.press("sandbox\n")
        code, screen = opened.ended()
    assert (code, "account mine is on sandbox; next" in screen) == (0, True)


def test_equal_refusals_are_one_line_with_a_count_and_the_way_out(
    rapport: Rapport, database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        an_account(session, "mine")
    said = rapport("import", "contacts", str(write_file(tmp_path, CONNECTIONS)), "--account", "mine")
    assert "refused: 40\n" in said
    assert "40 entries: no profile address of sandbox, and no contact has the e-mail" in said
    assert "(lines 2, 3, 4, 5, 6, …)" in said
    assert said.count("no profile address") == 1
    assert "40 of them have addresses of linkedin, but account mine is on sandbox" in said
    assert "`rapport account remove mine`" in said
    plain = write_file(tmp_path, f"name,url\nAnn,{LINKEDIN}ann\nBob,\n", "plain.csv")
    assert "1 of them has an address of linkedin" in rapport(
        "import", "contacts", str(plain), "--account", "mine"
    )


def greeted_and_excluded(session: Session) -> AccountRecord:
    """An account that greeted Ann this year, must not contact Bob, and may greet Cid, all born today."""
    account = an_account(session)
    today = database_now(session).date()
    ann, bob, _ = (a_contact(session, account, slug, birthday=today) for slug in ("ann", "bob", "cid"))
    contacts.set_do_not_contact(session, account.id, bob.profile_url, value=True, by="tests")
    campaign_id = a_campaign(session, account)
    add_planned(session, account, ann, campaign_id=campaign_id)
    for change in (
        "campaigns set state = 'planned', planned_at = now()",
        "actions set state = 'queued', lease_until = now()",
        "actions set state = 'claimed'",
        "actions set state = 'acting', acting_since = now()",
        "actions set state = 'done', lease_until = null",
    ):
        session.execute(text(f"update {change}"))
    session.add(
        Interaction(
            account_id=account.id, contact_id=ann.id, action_id=session.scalars(select(Action.id)).one(),
            type=Kind.GREET, status="sent", occasion=f"birthday:{today.year}", message="Happy birthday, Ann!",
            correlation_id="x",
        )
    )  # fmt: skip
    accounts.save_session(session, account.id, b"sealed")
    return account


def test_a_removed_account_is_gone_but_greets_nobody_twice_when_it_comes_back(
    rapport: Rapport, database: Database, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("RAPPORT_EVIDENCE_DIR", str(tmp_path))
    with database.transaction() as session:
        account = greeted_and_excluded(session)
        today = database_now(session).date()
    picture = tmp_path / "2026-11-28" / screenshot_name(account.id, f"{SANDBOX}ann/", Kind.GREET, 1)
    picture.parent.mkdir()
    picture.touch()
    trace = picture.with_suffix(".zip")
    trace.touch()

    assert "not confirmed" in _refused_without_yes(rapport, environment)
    said = rapport("account", "remove", "demo", "--yes")

    went = "3 contacts, 1 campaign, 1 action, 1 interaction, the sign-in, 2 screenshots and traces"
    assert f"account demo is removed: {went}" in said
    assert "give it the same name" in said
    assert not picture.exists()
    assert not trace.exists()
    assert "no account called 'demo'" in rapport.refused("quota", "show", "demo")
    for command in (("account", "list"), ("campaign", "list"), ("actions", "list"), ("contacts", "list")):
        assert "demo" not in rapport(*command).replace("rapport demo", ""), command
    rapport("audit", "verify")  # exits with 0: every chain is complete
    with database.transaction() as session:
        kept = " ".join(session.scalars(text("select concat(c.*, ' ', e.*) from contacts c, exclusions e")))
        assert not [word for word in ("ann", "bob", "Happy") if word in kept.lower().split("sha256")[0]]

    rapport("account", "add", "demo")
    with database.transaction() as session:
        back = accounts.find_account(session, "demo")
        assert back is not None
        assert (back.id, back.session) == (account.id, None)
        for slug in ("ann", "bob", "cid"):
            a_contact(session, back, slug, birthday=today)
        due = contacts.list_due_birthdays(session, back.id, today, 0, texts_since=database_now(session))
        assert {person.full_name: person.left_out for person in due} == {
            "Ann": Reason.ALREADY_GREETED, "Bob": Reason.DO_NOT_CONTACT, "Cid": None,
        }  # fmt: skip
        planned = add_planned(session, back, contact_by_slug(session, back, "ann"))
        queue_due_actions(session)
        closed = gates.find_closed_gate(session, claim_action(session, planned))
        assert closed is not None
        assert closed.reason is Reason.ALREADY_GREETED


def _refused_without_yes(rapport: Rapport, environment: pytest.MonkeyPatch) -> str:
    with environment.context() as patch:
        patch.setattr("sys.stdin", StringIO("y\n"))
        code, _, error = rapport.code("account", "remove", "demo")
    assert code == 1
    return error


def test_a_name_exclusion_holds_after_the_account_comes_back(rapport: Rapport, database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        session.add(Exclusion(account_id=account.id, name_key="ann lee", note="from V1"))
    rapport("account", "remove", "demo", "--yes")
    rapport("account", "add", "demo")
    with database.transaction() as session:
        ann = a_contact(session, an_account(session), "ann", name="Ann Lee")
        session.refresh(ann)
        assert ann.do_not_contact
        assert session.scalars(select(Exclusion.note)).all() == [None]


@pytest.mark.parametrize(
    ("busy", "says"),
    [
        (
            "update actions set state = 'queued', lease_until = now() + interval '1 hour'",
            "a worker is performing an action of the account right now",
        ),
        ("update campaigns set state = 'reading'", "a campaign of the account is still reading its site"),
        (
            "update accounts set inbox_lease_until = now() + interval '1 hour'",
            "a worker is reading the account's inbox",
        ),
        (
            (
                "with other as (insert into accounts (name, site, time_zone) values ('o', 'sandbox', 'UTC')) "
                "update actions set acting_since = now()"
            ),
            "must not write to the same person on the same day: remove it tomorrow",
        ),
    ],
)
def test_an_account_at_work_is_only_paused(
    rapport: Rapport, database: Database, busy: str, says: str
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(session, account, a_contact(session, account, "ann"))
        session.execute(text("update campaigns set state = 'planned', planned_at = now()"))
        session.execute(text(busy))
    assert says in rapport.refused("account", "remove", "demo", "--yes")
    with database.transaction() as session:
        assert session.scalars(select(Contact.full_name)).all() == ["Ann"]
        found = session.scalars(select(Account).where(Account.id == account.id)).one()
        assert (found.name, found.status, found.removed_at) == ("demo", "paused", None)


def test_a_name_can_be_taken_for_another_site_after_removing(
    rapport: Rapport, database: Database, environment: pytest.MonkeyPatch
) -> None:
    rapport("account", "add", "mine", "--site", "sandbox")
    assert "first remove this one" in rapport.refused("account", "add", "mine", "--site", "linkedin")
    assert "it has no data" in rapport("account", "remove", "mine", "--yes")
    environment.setattr("sys.stdin", StringIO("yes\n"))
    rapport("account", "add", "mine", "--site", "linkedin")
    rapport("account", "remove", "mine", "--yes")
    environment.setattr("sys.stdin", StringIO("yes\n"))
    rapport("account", "add", "mine", "--site", "linkedin")
    with database.transaction() as session:
        assert session.scalars(select(func.count()).select_from(Account)).one() == 2
