"""Look at an account's pages one after the other, at the pace of visits, and stop at the first wall."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Final

from sqlalchemy.orm import Session

from api_stub.cli.accounts.lease import AccountLease
from api_stub.cli.screen.waiting import show_wait
from api_stub.explain.halts import describe_halt
from db.engine import Database, get_database_time, today_in
from db.store.actions import interactions, site_gate
from db.store.people import accounts, lookup
from db.store.people.accounts import AccountRecord
from db.store.people.lookup import ContactRecord
from db.store.privacy import tombstones
from db.store.quota import limits
from db.store.quota.status import get_kind_status
from db.store.reports.halts import list_halts
from tasks.mark_counts import save_looks
from tasks.stopping import stop_account
from worker.browser.check_report import PAGE_CHANGED, Finding, PageReport, judge
from worker.browser.site_check import CheckedPage, Checker
from worker.errors import Reason, RequestRefusedError, StopAccountError
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, draw_gap
from worker.rules.sites.capabilities import CapabilityVerdict
from worker.rules.sites.page_shapes import Shaper
from worker.rules.wording.reasons import describe_reason

_USED_UP: Final = frozenset(
    {Reason.DAY_LIMIT, Reason.WEEK_LIMIT, Reason.ALL_DAY_LIMIT, Reason.ALL_WEEK_LIMIT, Reason.BREAKER_OPEN}
)
"""What keeps a check from opening a profile. It keeps the gap itself, and a person has chosen the hour."""
_CLEARED_BY_CHECKS: Final = frozenset({Reason.SITE_CHANGED, Reason.LANGUAGE_UNKNOWN, Reason.ENTER_SENDS})
"""Why an account may be stopped that is checked all the same: the check shows whether it is over."""
BESIDES_THE_GAP: Final = timedelta(minutes=3)
"""How much longer than the longest gap the account is leased: for opening and reading a page."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the check saw. Pages after a wall were not opened: they have its `trouble` without a text."""

    pages: Sequence[PageReport]
    findings: Sequence[Finding]


def find_person(session: Session, account: AccountRecord, profile: str) -> ContactRecord | None:
    """Return the contact at this address, or None. Raises RequestRefusedError for one not to be visited.

    Also if the account's visits are used up: opening the profile is one.
    """
    known = lookup.find_contacts(session, profile, account=account.name)
    people = known.people if known.exact else ()
    denied = get_kind_status(session, account.id, Kind.VISIT, "").by_ledger.reason
    reason = denied if denied in _USED_UP else None
    if any(each.do_not_contact for each in people):
        reason = Reason.DO_NOT_CONTACT
    if tombstones.list_forgotten_addresses(session, account.site, [profile]):
        reason = Reason.FORGOTTEN
    if reason is not None:
        raise RequestRefusedError(f"no page was opened: {describe_reason(reason)}")
    return next(iter(people), None)


def load_pace(session: Session, account: AccountRecord) -> Limits:
    """Return the limits of the account's visits, whose gap is the pace of the check."""
    return limits.load_context(session, account.id, Kind.VISIT, "").context.limits


def require_running(session: Session, account: AccountRecord) -> None:
    """Raise RequestRefusedError if the kill switch is on, or the account is paused, stopped or signed out.

    An account that is stopped because its pages have changed may be checked: that is what to do about it.
    """
    now = accounts.get_account(session, account.id)
    halted = next((each for each in list_halts(session, now) if each.reason not in _CLEARED_BY_CHECKS), None)
    if halted is not None:
        raise RequestRefusedError(f"no page was opened: {describe_halt(now, halted)}")


class AccountCheck:
    """One check of an account. Use `lease_account` around it."""

    def __init__(
        self,
        database: Database,
        account: AccountRecord,
        lease: AccountLease,
        *,
        person: ContactRecord | None,
        pace: Limits,
    ) -> None:
        self._database = database
        self._account = account
        self._lease = lease
        self._person = person
        self._pace = pace

    def run(self, checker: Checker, pages: Sequence[CheckedPage], shaper: Shaper | None) -> CheckResult:
        """Look at the pages, save the verdicts and return all. After a wall the account is stopped."""
        reports: list[PageReport] = []
        for number, page in enumerate(pages, start=1):
            self._prepare(number)
            with show_wait(f"page {number} of {len(pages)}: {page.title}"):
                report = checker.look(page, shaper)
            reports.append(report)
            self._record(page, report)
            if report.is_wall:
                break
        last = reports[-1].trouble
        why = Reason.CANNOT_TELL if last in PAGE_CHANGED else last  # what was not opened has not changed
        reports += [
            PageReport(page.name, page.path, page.speaks_for, trouble=why) for page in pages[len(reports) :]
        ]
        findings = judge(reports)
        with self._database.transaction() as session:
            now = get_database_time(session)
            site_gate.save_verdicts(session, self._account.id, [_verdict(each, now) for each in findings])
        save_looks(self._database)
        return CheckResult(reports, findings)

    def _prepare(self, number: int) -> None:
        """Wait before every page but the first, and ask again whether the account may act."""
        if number > 1:
            gap = draw_gap(self._pace, random.random())  # noqa: S311 -- a pause, no secret
            with show_wait(f"{gap.total_seconds():.0f} s between two pages, as between visits"):
                Event().wait(gap.total_seconds())
        with self._database.transaction() as session:
            require_running(session, self._account)
            self._lease.extend(session)

    def _record(self, page: CheckedPage, report: PageReport) -> None:
        """Count an opened profile as a visit, and stop the account at a wall."""
        with self._database.transaction() as session:
            if page.visits and report.status is not None and self._person is not None:
                today = today_in(session, self._account.zone)
                interactions.record_checked_profile(session, self._account.id, self._person.id, today)
            if report.is_wall and report.trouble is not None and report.trouble is not Reason.SITE_CHANGED:
                wall = StopAccountError(report.trouble, report.trouble_text)
                stop_account(session, self._account.id, page.kind, wall)


def _verdict(finding: Finding, at: datetime) -> CapabilityVerdict:
    return CapabilityVerdict(
        finding.capability, finding.verdict, at, finding.because, finding.front_end, finding.language
    )
