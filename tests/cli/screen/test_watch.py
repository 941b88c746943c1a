"""`rapport watch`: a live view that fits its terminal, and one line per change in a pipe."""

import subprocess
import sys
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from db.engine import Database
from db.tables import Action, Contact
from tests.cli.conftest import Rapport
from tests.cli.screen.conftest import MESSAGES, Open, plan_greetings
from tests.cluster import untraced
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import ActionState

HINT = "q leaves; the work goes on"


def many(count: int) -> dict[str, str]:
    return {f"Person {number:02}": "Hi!" for number in range(count)}


def move(database: Database, name: str | None, *states: ActionState) -> None:
    """Move the action of the person, or of everybody, through these states."""
    with database.transaction() as session:
        for state in states:
            lease = func.now() + timedelta(minutes=5) if state in IN_FLIGHT else None
            reason = None if lease is not None else "campaign_cancelled"
            statement = update(Action).values(state=state, reason=reason, lease_until=lease)
            if name is not None:
                people = select(Contact.id).where(Contact.full_name == name)
                statement = statement.where(Action.contact_id.in_(people))
            session.execute(statement)


def test_more_people_than_lines_show_those_around_the_one_served(
    database: Database, open_screen: Open
) -> None:
    campaign_id = plan_greetings(database, many(60))
    move(database, "Person 30", ActionState.QUEUED)
    at = open_screen("watch", str(campaign_id), columns=80, lines=24)
    shown = at.shows("greeting Person 30", HINT).splitlines()
    assert len(shown) <= 24
    assert sum("Rapport: birthday" in line for line in shown) == 1
    assert [line for line in shown if line.startswith("Person 30") and "queued" in line]
    above, below = (int(line.split()[1]) for line in shown if line.startswith("… "))
    assert above + below + sum(line.startswith("Person") for line in shown) == 60
    at.resize(60, 12)
    shown = at.shows("greeting Person 30", HINT).splitlines()
    assert len(shown) <= 12
    assert [line for line in shown if line.startswith("Person 30")]
    at.press("q")
    code, left = at.ended()
    assert code == 0
    assert left == "left; the work goes on: `rapport watch` shows it again"


def test_wide_names_move_no_column(database: Database, open_screen: Open) -> None:
    campaign_id = plan_greetings(database, MESSAGES)
    at = open_screen("watch", str(campaign_id)[:8], columns=110, lines=30)
    at.shows(HINT, "planned 9")
    rows = [line for line in at.screen.buffer.values() if line[0].data.strip()]
    columns = {
        place
        for row in rows
        for place in range(110)
        if "".join(row[place + step].data for step in range(7)) == "planned" and place > 10
    }
    assert len(columns) == 1
    at.press("\x03")
    assert at.ended()[0] == 0


def test_it_ends_when_the_campaign_is_finished(database: Database, open_screen: Open) -> None:
    plan_greetings(database, many(2))
    at = open_screen("watch", "demo", columns=80, lines=24)
    at.shows("planned 2", HINT)
    move(database, None, ActionState.SKIPPED)
    code, shown = at.ended()
    assert code == 0
    assert shown.endswith(" of demo: finished, 2 skipped")


def test_a_pipe_gets_one_line_for_each_change(database: Database, environment: object) -> None:
    plan_greetings(database, many(2))
    with subprocess.Popen(
        [sys.executable, "-m", "api_stub.cli", "watch"], stdout=subprocess.PIPE, env=untraced(), text=True
    ) as watching:
        assert watching.stdout is not None
        first = [watching.stdout.readline() for _ in range(2)]
        assert all("Person" in line and "birthday" in line and ": planned" in line for line in first)
        move(database, None, ActionState.SKIPPED)
        rest = watching.stdout.read().splitlines()
    assert sum(": skipped, its campaign was cancelled" in line for line in rest) == 2
    assert rest[-1].endswith("finished, 2 skipped")
    assert watching.returncode == 0


def test_nothing_running_is_said(database: Database, rapport: Rapport) -> None:
    assert rapport("watch").startswith("nothing is running; ")
    campaign_id: UUID = plan_greetings(database, {})
    assert f"campaign {str(campaign_id)[:8]} of demo: nothing to do" in rapport("watch", str(campaign_id))
    assert rapport("watch", "demo").startswith("nothing is running for demo; ")
