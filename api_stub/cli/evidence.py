"""The screenshots of an action or a person: where they are, and which were removed."""

import re
import shlex
import sys
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from worker import clock
from worker.rules.model import Kind
from worker.screenshots import list_screenshots
from worker.settings import Settings


def list_evidence(
    settings: Settings,
    account_id: int,
    about: str,
    *,
    kind: Kind | None = None,
    recorded: Iterable[str | None] = (),
) -> list[str]:
    """Return the paths of screenshots, oldest first; one that is gone says why.

    `about` is the person's address, or the occasion of an action without a person. `recorded` are the paths
    stored with interactions; the others are of attempts that failed.
    """
    here = {str(path) for path in list_screenshots(settings.evidence_dir, account_id, about, kind)}
    known = {path for path in recorded if path}
    paths = {path: path for path in here | {path for path in known if Path(path).exists()}}
    gone = {path: f"{path} ({_describe_absence(settings, path)})" for path in known - paths.keys()}
    shown = paths | gone
    return [shown[path] for path in sorted(shown)]


def open_trace_command(path: str) -> str:
    """Return the command that opens a trace in Playwright's viewer; for one in a container, copy it first.

    With a port, the viewer is a page for any browser; otherwise it needs a Chromium of Playwright's own.
    """
    playwright = Path(sys.executable).with_name("playwright")
    return shlex.join([str(playwright), "show-trace", "--port", "0", path])


def _describe_absence(settings: Settings, path: str) -> str:
    days = settings.evidence_days
    found = re.fullmatch(r"\d{4}-\d\d-\d\d", Path(path).parent.name)
    if found and date.fromisoformat(found[0]) < clock.now().date() - timedelta(days=days):
        return f"removed: screenshots are kept for {days} days"
    return "not on this machine"
