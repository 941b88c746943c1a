"""The words of findings: sign-ins, sites' pages, upkeep and subscriptions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from api_stub.times import UTC_ZONE, format_time
from db.store.imports.subscriptions import SubscriptionRecord
from db.store.upkeep import UpkeepState
from worker.rules.sites.capabilities import CHECK_LASTS, CapabilityVerdict, Unproven
from worker.rules.sites.sign_ins import Expiry, judge_expiry
from worker.rules.subscriptions.readings import WHAT_HAPPENED, WHAT_TO_DO
from worker.rules.wording.counts import format_count

_TEXTS: Final = {
    Expiry.LATER: "expires",
    Expiry.SOON: "expires soon:",
    Expiry.OVER: "expired",
}


class SignedIn(Protocol):
    """What is known of the age of an account's session."""

    @property
    def zone(self) -> ZoneInfo:
        """The account's zone."""

    @property
    def signed_in_since(self) -> datetime | None:
        """When the session was proven; None if that isn't known."""

    @property
    def session_expires_at(self) -> datetime | None:
        """When its key cookie expires; None if that isn't known."""


def describe_age(account: SignedIn, now: datetime, *, otherwise: str) -> str:
    """Return since when the account is signed in, or `otherwise` if that isn't known, and until when."""
    since = account.signed_in_since
    begun = otherwise if since is None else f"since {format_time(since, account.zone)}"
    return begun + describe_expiry(account, now)


def describe_expiry(account: SignedIn, now: datetime) -> str:
    """Return when the stored session expires, to be appended to a sentence; empty if that isn't known."""
    if account.session_expires_at is None:
        return ""
    text = _TEXTS[judge_expiry(account.session_expires_at, now)]
    return f", {text} {format_time(account.session_expires_at, account.zone)}"


def describe_unproven(unproven: Unproven, zone: ZoneInfo) -> str:
    """Return which capability is not proven, and its last verdict with the date."""
    found = unproven.found
    if found is None:
        return f"{_name_capability(unproven)}: never checked"
    if unproven.expired:
        checked = f"last checked {format_time(found.checked_at, zone)}"
        return f"{_name_capability(unproven)}: {checked}, {CHECK_LASTS.days} days ago or more"
    return describe_verdict(found, zone)


def describe_verdict(found: CapabilityVerdict, zone: ZoneInfo) -> str:
    """Return a verdict with what decided it, its date, and the page's front end and language."""
    mark = f" ({found.mark})" if found.mark else ""
    served = " ".join(filter(None, (found.front_end, found.language)))
    name = found.capability.replace("_", " ")
    return f"{name}: {found.verdict}{mark}, {format_time(found.checked_at, zone)}{served and f', {served}'}"


def _name_capability(unproven: Unproven) -> str:
    return unproven.capability.replace("_", " ")


def describe_jobs(jobs: Sequence[UpkeepState]) -> str:
    """Return when each job last succeeded, and its failures since then, in one line."""
    return "; ".join(map(describe_job, jobs))


def describe_job(job: UpkeepState) -> str:
    """Return when the job last succeeded, and its failures since then."""
    done = f"done {format_time(job.last_ok_at, UTC_ZONE)}" if job.last_ok_at else "never done"
    if not job.failures or job.last_failed_at is None:
        return f"{job.job} {done}"
    times = format_count(job.failures, "failure", "failures")
    return (
        f"{job.job} {done}, {times} since, the last {format_time(job.last_failed_at, UTC_ZONE)}: {job.error}"
    )


def describe_failure(record: SubscriptionRecord) -> str:
    """Return why the last reading failed, since when, and what to do. Empty if it did not fail."""
    if record.failure is None or record.failed_at is None:
        return ""
    last = f"last read {format_time(record.read_at, record.zone)}" if record.read_at else "never read"
    return f"{WHAT_HAPPENED[record.failure]}, {last}; {WHAT_TO_DO[record.failure].format(id=record.id)}"
