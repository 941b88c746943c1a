"""No message on a screen differs from the one that is sent, at any size, and nothing in a pipe is cut."""

import json
from uuid import UUID

import pytest
from sqlalchemy import update

from db.engine import Database
from db.tables import Campaign
from tests.builders import a_campaign, a_contact, add_proposed, an_account
from tests.cli.conftest import Rapport
from tests.cli.screen.conftest import MESSAGES, Open, plan_greetings
from tests.cli.screen.model import without_blanks

SIZES = ((80, 24), (110, 30), (160, 48))


def a_dry_run(database: Database) -> UUID:
    """A dry run that would send each of the messages."""
    with database.transaction() as session:
        campaign_id = a_campaign(session, an_account(session))
        preview = [
            {
                "contact": name,
                "on": "2026-11-28",
                "message": message,
                "left_out": "",
                "already": "",
                "when": "",
            }
            for name, message in MESSAGES.items()
        ]
        session.execute(
            update(Campaign).where(Campaign.id == campaign_id).values(state="planned", preview=preview)
        )
    return campaign_id


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_a_message_read_back_from_the_screen_is_the_one_that_is_sent(
    database: Database, open_screen: Open, columns: int, lines: int
) -> None:
    dry_run = a_dry_run(database)
    code, shown = open_screen(
        "campaign", "show", str(dry_run), columns=columns, lines=lines, kept=300
    ).ended()
    assert code == 0
    read_back = without_blanks(shown)
    for name, message in MESSAGES.items():
        assert without_blanks(name) in read_back
        assert without_blanks(message) in read_back


def test_a_terminal_that_is_wide_enough_has_one_line_a_row(database: Database, open_screen: Open) -> None:
    dry_run = a_dry_run(database)
    _, shown = open_screen("campaign", "show", str(dry_run), columns=250, lines=48).ended()
    for name, message in MESSAGES.items():
        assert [line for line in shown.splitlines() if name in line and message.rstrip() in line], name


def test_review_shows_a_message_whole_and_again_when_the_size_changes(
    database: Database, open_screen: Open
) -> None:
    name = "王小明"
    with database.transaction() as session:
        owner = an_account(session)
        person = a_contact(session, owner, "wang")
        person.full_name = name
        add_proposed(session, owner, person, text=MESSAGES[name])
    at = open_screen("review", columns=80, lines=24)
    at.shows("q quit", name)
    assert without_blanks(MESSAGES[name]) in without_blanks(at.text())
    for columns, lines in ((34, 24), (120, 40)):
        at.resize(columns, lines)
        at.shows("q quit", "never again", name, "1 of 1")
        assert without_blanks(MESSAGES[name]) in without_blanks(at.text())
    at.press("x")
    at.shows("unknown key")
    at.press("q")
    assert at.ended()[0] == 0


def test_a_pipe_gets_one_whole_line_for_each_record(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("COLUMNS", "20")
    environment.setenv("FORCE_COLOR", "1")
    environment.delenv("NO_COLOR")
    plan_greetings(database, MESSAGES)
    dry_run = a_dry_run(database)
    listed = rapport("actions", "list").splitlines()
    assert len(listed) == 1 + len(MESSAGES)
    assert {line.split("\t")[1] for line in listed[1:]} == set(MESSAGES)
    shown = rapport("campaign", "show", str(dry_run))
    rows = [line.split("\t") for line in shown.splitlines() if "\t" in line]
    assert {row[0]: row[2] for row in rows[1:]} == MESSAGES
    assert "\x1b" not in shown
    assert json.loads(rapport("campaign", "show", str(dry_run), "--json"))["campaign"]["preview"][0][
        "contact"
    ]
