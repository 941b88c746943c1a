"""List screenshots and traces; delete those of forgotten people and removed accounts from this disk."""

from collections.abc import Collection, Iterator
from pathlib import Path

from worker.rules.model import Kind
from worker.rules.screenshot_names import is_screenshot_of


def list_screenshots(folder: Path, account_id: int, subject: str, kind: Kind | None = None) -> list[Path]:
    """Return the screenshots on this machine that were taken for an account of one subject, oldest first.

    The subject is the person's address, or the occasion of an action without a person.
    """
    return _list_files(folder, "png", account_id, subject, kind)


def list_traces(folder: Path, account_id: int, subject: str, kind: Kind | None = None) -> list[Path]:
    """Return the traces, as `list_screenshots` does."""
    return _list_files(folder, "zip", account_id, subject, kind)


def delete_account_evidence(folder: Path, account_id: int) -> int:
    """Delete all screenshots and traces that were taken for an account. Return how many."""
    found = list(_find_evidence(folder, f"{account_id}-"))
    for each in found:
        each.unlink(missing_ok=True)
    return len(found)


def delete_evidence(folder: Path, account_ids: Collection[int], addresses: Collection[str]) -> int:
    """Delete what was taken of these people for these accounts. Return how many files."""
    deleted = 0
    for each in list(_find_evidence(folder)):
        people = ((account, address) for account in account_ids for address in addresses)
        if any(is_screenshot_of(each.name, account, address) for account, address in people):
            each.unlink(missing_ok=True)
            deleted += 1
    return deleted


def _list_files(folder: Path, ending: str, account_id: int, subject: str, kind: Kind | None) -> list[Path]:
    found = folder.glob(f"????-??-??/{account_id}-*.{ending}")
    return sorted(path for path in found if is_screenshot_of(path.name, account_id, subject, kind))


def _find_evidence(folder: Path, prefix: str = "") -> Iterator[Path]:
    for ending in ("png", "zip"):
        yield from folder.glob(f"????-??-??/{prefix}*.{ending}")
