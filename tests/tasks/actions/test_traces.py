"""Which actions leave a trace, and what is in it, from a greeting in a real browser."""

import stat
import zipfile
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from db.store.people.accounts import AccountRecord
from tasks.actions import traces
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.tasks.browser_helpers import fault, run
from worker.browser.traces import masking
from worker.rules.model import Kind
from worker.rules.screenshot_names import trace_name

PEOPLE = {"wang-xiaoming": "王小明", "dr-anke-de-wit": None}
WANG, ANN = PEOPLE
TEXT = 'Happy birthday to you, "dear" <b>friend</b>!'


def evidence(services: Services) -> dict[str, Path]:
    return {path.name: path for path in services.settings.evidence_dir.glob("*/*")}


def greet(services: Services, account: AccountRecord, slug: str) -> tuple[Outcome, str]:
    """Greet somebody; return the outcome, and the name of a trace of it."""
    with services.database.transaction() as session:
        contact = builders.a_contact(session, account, slug, name=PEOPLE[slug])
        action_id = builders.add_planned(session, account, contact, text=TEXT)
        name = trace_name(account.id, contact.profile_url, Kind.GREET, 1)
    return run(services, action_id), name


def test_only_a_failure_or_doubt_leaves_a_trace_and_it_is_private_and_masked(
    services: Services, sandbox: SandboxClient, account: AccountRecord
) -> None:
    outcome, name = greet(services, account, WANG)
    assert outcome is Outcome.DONE
    assert set(evidence(services)) == {name.replace(".zip", ".png")}

    fault(sandbox, FaultName.UNKNOWN_DIALOG)
    outcome, name = greet(services, account, ANN)
    assert outcome is Outcome.UNCERTAIN
    trace = evidence(services)[name]
    assert trace.with_suffix(".png").exists()
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600
    with zipfile.ZipFile(trace) as file:
        members = [file.read(member) for member in file.namelist()]
    assert not any(b"friend" in content for content in members)
    assert any(b'"fill"' in content for content in members)


def test_a_failure_before_anything_is_typed_leaves_a_trace_up_to_a_number_a_day(
    services: Services, sandbox: SandboxClient, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(sandbox, FaultName.HTTP_500)
    monkeypatch.setattr(traces, "MOST_A_DAY", 1)
    outcome, name = greet(services, account, WANG)
    assert (outcome, set(evidence(services))) == (Outcome.POSTPONED, {name})
    with capture_logs() as lines:
        assert greet(services, account, ANN)[0] is Outcome.POSTPONED
    assert set(evidence(services)) == {name}
    assert [line["text"] for line in lines if line["event"] == "no_trace"] == [
        "the account has 1 of today already"
    ]


def test_no_trace_is_kept_that_still_holds_the_text(
    services: Services, sandbox: SandboxClient, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second safeguard: another version of Playwright may write a text where nothing is masked yet."""
    monkeypatch.setattr(masking, "mask_document", lambda root: root)
    fault(sandbox, FaultName.UNKNOWN_DIALOG)
    with capture_logs() as lines:
        outcome, _ = greet(services, account, ANN)
    assert outcome is Outcome.UNCERTAIN
    assert {path.suffix for path in evidence(services).values()} == {".png"}
    assert "no_trace" in {line["event"] for line in lines}
    assert TEXT not in str(lines)
