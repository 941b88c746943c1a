"""The screenshots and traces of an action, for those who have signed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.console.errors import UnknownPageError
from api_stub.console.session import Viewer
from db.store.people import accounts
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from worker.screenshots import list_screenshots, list_traces

router = APIRouter(prefix="/evidence", include_in_schema=False)

_TYPES: Final = {".png": "image/png", ".zip": "application/zip"}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """An action's files on this machine, oldest first. `is_gone`: its proof is no longer, or not, here."""

    pictures: Sequence[Path]
    traces: Sequence[Path]
    is_gone: bool


def find_evidence(folder: Path, line: ActionLine, account_id: int) -> Evidence:
    """Return the files of an action's person and kind."""
    subject = line.profile_url or line.occasion
    pictures = set(list_screenshots(folder, account_id, subject, line.kind))
    recorded = Path(line.screenshot) if line.screenshot else None
    if recorded is not None and _is_kept(folder, recorded):
        pictures.add(recorded)
    return Evidence(
        pictures=sorted(each for each in pictures if _is_kept(folder, each)),
        traces=[
            each for each in list_traces(folder, account_id, subject, line.kind) if _is_kept(folder, each)
        ],
        is_gone=recorded is not None and not recorded.exists(),
    )


def find_address(folder: Path, action_id: UUID, path: Path) -> str | None:
    """Return the address of one of an action's files, or None if it isn't on this machine."""
    if not _is_kept(folder, path):
        return None
    return f"/evidence/{action_id}/{quote(path.parent.name)}/{quote(path.name)}"


@router.get("/{action_id}/{day}/{name}")
def send_file(
    action_id: str, day: str, name: str, _viewer: Viewer, database: AppDatabase,
    settings: AppSettings,
) -> Response:  # fmt: skip
    """Return a screenshot, or a trace as a download. The address only chooses among the action's files."""
    with database.snapshot() as session:
        line = overview.find_action(session, read_id(action_id))
        owner = accounts.find_account(session, line.account) if line else None
    if line is None or owner is None:
        raise UnknownPageError
    found = find_evidence(settings.evidence_dir, line, owner.id)
    files = (*found.pictures, *found.traces)
    chosen = next((each for each in files if (each.parent.name, each.name) == (day, name)), None)
    if chosen is None:
        raise UnknownPageError
    return FileResponse(
        chosen,
        media_type=_TYPES[chosen.suffix],
        filename=chosen.name,
        content_disposition_type="inline" if chosen.suffix == ".png" else "attachment",
        headers=_HEADERS,
    )


def read_id(given: str) -> UUID:
    """Return the id in an address. Raises UnknownPageError if it is none."""
    try:
        return UUID(given)
    except ValueError:
        raise UnknownPageError from None


def _is_kept(folder: Path, path: Path) -> bool:
    """Return whether a path is a file of the evidence folder itself, wherever links in it may lead."""
    return path.suffix in _TYPES and path.is_file() and path.resolve().is_relative_to(folder.resolve())
