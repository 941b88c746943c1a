"""The check's tables on a terminal of 80 columns, and its report."""

import re
import sys

import pytest

from api_stub.cli.selectors.checking import CheckResult
from api_stub.cli.selectors.display import found_anything, print_result
from api_stub.cli.selectors.report_file import render_report
from db.engine import Database
from tests.builders import an_account
from worker.browser.check_report import CrossCheck, Fact, FormCount, MarkReport, PageReport, Place, judge
from worker.errors import Reason
from worker.rules.sites.capabilities import SENDING, Capability, Verdict
from worker.rules.sites.page_shapes import Shaper

SLUG = "zoé-gräfin-von-und-zu-hohenstein"
COMPOSE = PageReport(
    "compose", "/messaging/compose/?recipient=ACoAAzoe", SENDING, f"/messaging/thread/{SLUG}/", 200,
    "Aa | Aa", "en", "ember", 1.25,
    (
        MarkReport("messaging.composer", (FormCount("multiline", 1, 12, Place.SHADOW_ROOT),), SENDING),
        MarkReport("messaging.recipient", (), SENDING),
        MarkReport("messaging.premium_wall", ()),
    ),
    (CrossCheck("compose.readable", Verdict.DRIFT, "site_changed", SENDING, f"{SLUG} is somebody else"),),
    (Fact.ENTER_SENDS,),
)  # fmt: skip
SEARCH = PageReport(
    "search", "/search/", frozenset({Capability.SEARCH}), trouble=Reason.CHALLENGE,
)  # fmt: skip
RESULT = CheckResult((COMPOSE, SEARCH), judge((COMPOSE, SEARCH)))


def test_a_check_fits_a_terminal_of_80_columns_and_names_each_mark(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    with database.transaction() as session:
        account = an_account(session)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_result(account, RESULT)
    said = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(len, said.splitlines())) <= 80, said
    assert "messaging.composer" in said
    assert "shown 1, hidden 12" in said
    assert "shadow root" in said
    assert "/search/, not opened" in said
    assert "is somebody else" in said
    assert "Click Send" in said
    assert found_anything(RESULT)


def test_the_report_has_the_marks_and_no_slug_id_or_error_s_text() -> None:
    text = render_report("linkedin", RESULT, Shaper(b"salt", ["messaging", "compose", "search"]))
    assert "mark messaging.composer: multiline (1 shown, 12 hidden, shadow root)" in text
    assert "mark messaging.recipient: missing" in text
    assert "check compose.readable: drift, site_changed" in text
    assert "recipient: drift (messaging.recipient)" in text
    assert "asked /messaging/compose/?…" in text
    for word in ("hohenstein", "ACoAA", "somebody"):
        assert word not in text
