"""List screenshots, and delete those of forgotten people and removed accounts from this machine's disk."""

from collections.abc import Collection
from pathlib import Path

from worker.rules.model import Kind
from worker.rules.screenshot_names import is_screenshot_of


def list_screenshots(folder: Path, account_id: int, subject: str, kind: Kind | None = None) -> list[Path]:
    """Return the screenshots on this machine that were taken for an account of one subject, oldest first.

    The subject is the person's address, or the occasion of an action without a person.
    """
    found = folder.glob(f"????-??-??/{account_id}-*.png")
    return sorted(path for path in found if is_screenshot_of(path.name, account_id, subject, kind))


def delete_account_screenshots(folder: Path, account_id: int) -> int:
    """Delete all screenshots that were taken for an account. Return how many."""
    found = list(folder.glob(f"????-??-??/{account_id}-*.png"))
    for screenshot in found:
        screenshot.unlink(missing_ok=True)
    return len(found)


def delete_screenshots(folder: Path, account_ids: Collection[int], addresses: Collection[str]) -> int:
    """Delete the screenshots of these people that were taken for these accounts. Return how many."""
    deleted = 0
    for screenshot in list(folder.glob("????-??-??/*.png")):
        people = ((account, address) for account in account_ids for address in addresses)
        if any(is_screenshot_of(screenshot.name, account, address) for account, address in people):
            screenshot.unlink(missing_ok=True)
            deleted += 1
    return deleted
