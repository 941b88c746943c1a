"""Screenshots: named after the person, and shown with their paths, also of one that was removed."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from db.engine import Database
from db.tables import Interaction
from tests.builders import SANDBOX, a_contact, add_planned, an_account
from tests.cli.conftest import Rapport
from worker.rules.model import Kind
from worker.rules.screenshot_names import is_screenshot_of, screenshot_name, trace_name
from worker.screenshots import delete_evidence

IVAN = f"{SANDBOX}%D0%B8%D0%B2%D0%B0%D0%BD-petrov/"


def test_the_paths_are_whole_and_one_that_is_gone_says_why(
    rapport: Rapport, database: Database, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / ("a-long-folder-name-" * 5) / "evidence"
    environment.setenv("RAPPORT_EVIDENCE_DIR", str(folder))
    environment.setenv("COLUMNS", "80")
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann-lee")
        old = folder / "2020-01-02" / screenshot_name(account.id, ann.profile_url, Kind.GREET, 1)
        for kind, screenshot in ((Kind.GREET, old), (Kind.WITHDRAW, folder / "2999-01-01" / "elsewhere.png")):
            session.add(
                Interaction(
                    account_id=account.id, contact_id=ann.id, source_key=kind, type=kind, status="sent",
                    occasion="birthday:2020", message="Hi", correlation_id="x", screenshot=str(screenshot),
                )
            )  # fmt: skip
        action_id = add_planned(session, account, ann)
        session.execute(text("update interactions set created_at = now()"))
    day = folder / "2026-11-28"
    day.mkdir(parents=True)
    for kind in Kind:
        (day / screenshot_name(account.id, ann.profile_url, kind, 2)).touch()
        (day / trace_name(account.id, ann.profile_url, kind, 2)).touch()
        (day / screenshot_name(account.id, f"{SANDBOX}ann/", kind, 2)).touch()
    shown = rapport("contacts", "show", "ann-lee")
    assert f"  {old} (removed: screenshots are kept for " in shown
    assert f"  {folder}/2999-01-01/elsewhere.png (not on this machine)\n" in shown
    for kind in Kind:
        assert f"  {day}/{account.id}-ann-lee-{kind}-2.png\n" in shown, kind
    one = rapport("actions", "show", str(action_id))
    assert f"screenshot  {day}/{account.id}-ann-lee-greet-2.png\n" in one
    assert one.count("screenshot  ") == 1
    trace = str(day / f"{account.id}-ann-lee-greet-2.zip")
    assert f"trace       {trace}\n" in one
    viewer = shlex.join(
        [str(Path(sys.executable).with_name("playwright")), "show-trace", "--port", "0", trace]
    )
    assert f"opens with: {viewer}\n" in one
    shown_as_json = json.loads(rapport("actions", "show", str(action_id), "--json"))
    assert shown_as_json["traces"] == [{"path": trace, "command": viewer}]


@pytest.mark.parametrize("kind", Kind)
def test_a_name_in_any_script_is_readable_and_its_pictures_are_deleted(kind: Kind, tmp_path: Path) -> None:
    name = screenshot_name(7, IVAN, kind, 1)
    assert name == f"7-иван-petrov-{kind}-1.png"
    former = f"7-_D0_B8_D0_B2_D0_B0_D0_BD-petrov-{kind}-1.png"
    assert is_screenshot_of(name, 7, IVAN)
    assert not is_screenshot_of(name, 7, f"{SANDBOX}petrov/")
    assert len(screenshot_name(7, f"{SANDBOX}{'%E5%BC%A0' * 100}/", kind, 1).encode()) < 200
    day = tmp_path / "2026-11-28"
    day.mkdir()
    trace = trace_name(7, IVAN, kind, 1)
    for each in (name, former, trace, f"7-petrov-{kind}-1.png", f"7-petrov-{kind}-1.zip"):
        (day / each).touch()
    assert delete_evidence(tmp_path, [7], [IVAN]) == 3
    assert len(list(day.iterdir())) == 2
