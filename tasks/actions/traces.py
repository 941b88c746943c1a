"""Keep a masked Playwright trace of an action that failed or whose effect is in doubt."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from db.exports.atomic_file import open_atomic_file
from db.store.actions.claims import Claim
from tasks.services import Services
from worker import clock, logs
from worker.errors import RequestRefusedError
from worker.files import make_private_folder
from worker.rules.screenshot_names import trace_name

log = logs.get_logger(__name__)

MOST_BYTES: Final = 5_000_000
MOST_A_DAY: Final = 20
"""Traces of one account. An account that fails all day shows the same failure in each."""
_SHORTEST_SECRET: Final = 12
"""Characters. A shorter line of a text may well be a word of the page's own."""


class Trace:
    """The recording of one action. It is kept unless `drop` was called, also if an error ends the action."""

    def __init__(self) -> None:
        self.is_wanted = True

    def drop(self) -> None:
        """Keep no trace: the action went as it should."""
        self.is_wanted = False


@contextmanager
def record_trace(services: Services, claim: Claim) -> Iterator[Trace]:
    """Record the pages that the block opens, and save a masked trace of them if it is wanted at the end."""
    trace = Trace()
    with services.record_pages():
        try:
            yield trace
        finally:
            if trace.is_wanted:
                save_trace(services, claim)


def save_trace(services: Services, claim: Claim) -> Path | None:
    """Save what was recorded, masked; return the path, or None if there is nothing that may be kept.

    The file is beside the attempt's screenshot and has its name, with another ending. Nothing is saved that
    is larger than MOST_BYTES, or after MOST_A_DAY traces of the account; the log says so.
    """
    recording = services.save_recording()
    if recording is None:
        return None
    try:
        from worker.browser.traces.masking import UnsafeTraceError, mask_trace  # noqa: PLC0415 -- rarely needed

        folder = services.settings.evidence_dir / clock.now().date().isoformat()
        make_private_folder(folder)
        there = sum(1 for _ in folder.glob(f"{claim.account_id}-*.zip"))
        if there >= MOST_A_DAY:
            log.warning("no_trace", text=f"the account has {there} of today already")
            return None
        path = folder / trace_name(
            claim.account_id, claim.profile_url or claim.occasion, claim.kind, claim.attempt
        )
        masked = mask_trace(
            recording.path, most_bytes=MOST_BYTES, secrets=_list_secrets(claim, recording.cookies)
        )
        with open_atomic_file(path, replace=True) as file:
            file.write(masked)
    except (UnsafeTraceError, RequestRefusedError, OSError) as error:
        log.warning("no_trace", text=str(error))
        return None
    finally:
        with suppress(OSError):
            recording.path.unlink()
    log.info("trace_saved", path=str(path), bytes=len(masked))
    return path


def _list_secrets(claim: Claim, cookies: frozenset[str]) -> set[str]:
    lines = {line.strip() for line in claim.message.splitlines()}
    return {each for each in cookies | lines if len(each) >= _SHORTEST_SECRET}
