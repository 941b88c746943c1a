"""Pictures of pages on this machine's disk: away with those of people who are not to be known any more."""

from collections.abc import Collection
from pathlib import Path

from worker.rules.screenshot_names import is_screenshot_of


def delete_screenshots(folder: Path, account_ids: Collection[int], addresses: Collection[str]) -> int:
    """Delete the pictures of these people's pages that were taken for these accounts; return how many."""
    deleted = 0
    for picture in list(folder.glob("????-??-??/*.png")):
        if any(is_screenshot_of(picture.name, account, who) for account in account_ids for who in addresses):
            picture.unlink(missing_ok=True)
            deleted += 1
    return deleted
