"""Checks of `rapport doctor` on what Rapport itself runs on and does: Python, upkeep, and sites' pages."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api_stub.cli.explain.sign_ins import describe_expiry
from api_stub.cli.explain.site_check import describe_trend, describe_unproven
from api_stub.cli.explain.upkeep import describe_jobs
from api_stub.cli.stack.finding import Finding
from db.engine import Database, get_database_time
from db.store import mark_matches, upkeep
from db.store.actions.site_gate import find_site_gate
from db.store.people import accounts
from worker.rules.model import Kind
from worker.rules.sign_ins import Expiry, judge_expiry
from worker.rules.sites import needs_check

_OLDEST: Final = (3, 11, 0)
_LEAKING: Final = ((3, 14, 0), (3, 14, 6))
"""CPython versions in which each call of Playwright leaves a finished task in memory until its driver is
closed (microsoft/playwright-python#3148). CPython 3.14.7 has the correction."""


def check_python(version: tuple[int, int, int]) -> Finding:
    """Check that this Python is new enough, and warn of versions that are known to leak."""
    shown = ".".join(map(str, version))
    if version < _OLDEST:
        return Finding("Python", False, shown, "install Python 3.11 or newer")
    if _LEAKING[0] <= version <= _LEAKING[1]:
        return Finding(
            "Python",
            True,
            f"{shown}, in which each call of Playwright takes memory until the browser is closed",
            "install Python 3.14.7 or newer, or 3.13; until then browser workers close their browser now and "
            "then, which frees it",
            is_warning=True,
        )
    return Finding("Python", True, shown)


def check_own_work(database_url: str, *, is_running: bool) -> Iterator[Finding]:
    """Yield what is known of sign-ins, of upkeep, and of the pages of real sites."""
    yield check_sign_ins(database_url)
    yield check_upkeep(database_url, is_running=is_running)
    yield check_sites(database_url)


def check_sign_ins(database_url: str) -> Finding:
    """Name the sign-ins that have expired, and those that will within a week: a warning."""
    database = Database(database_url, application_name="rapport doctor")
    try:
        with database.snapshot() as session:
            now = get_database_time(session)
            known = [each for each in accounts.list_accounts(session) if each.session is not None]
    except SQLAlchemyError as error:
        return Finding("sign-ins", False, type(error).__name__, "without the table they aren't known")
    finally:
        database.close()
    judged = {each.name: judge_expiry(each.session_expires_at, now) for each in known}
    urgent = [each for each in known if judged[each.name] in {Expiry.SOON, Expiry.OVER}]
    if not urgent:
        return Finding("sign-ins", True, "none has expired or will within a week")
    said = "; ".join(f"{each.name}{describe_expiry(each, now).removeprefix(',')}" for each in urgent)
    is_over = Expiry.OVER in judged.values()
    return Finding("sign-ins", not is_over, said, "`rapport account sign-in NAME`", is_warning=not is_over)


def check_upkeep(database_url: str, *, is_running: bool) -> Finding:
    """Say when upkeep last ran. It can only be expected to run if Rapport is running."""
    database = Database(database_url, application_name="rapport doctor")
    try:
        with database.snapshot() as session:
            jobs = upkeep.list_jobs(session)
    except SQLAlchemyError as error:
        return Finding("upkeep", False, type(error).__name__, "without its table it isn't known")
    finally:
        database.close()
    detail = describe_jobs(jobs)
    if late := [each.job for each in jobs if each.is_late]:
        advice = "beat and a control worker do it while they run; the worker's log says why a job fails"
        return Finding("upkeep", not is_running, f"late: {', '.join(late)}. {detail}", advice, not is_running)
    if any(each.failures for each in jobs):
        return Finding("upkeep", True, detail, "the control worker's log says why it failed", is_warning=True)
    return Finding("upkeep", True, detail)


def check_sites(database_url: str) -> Finding:
    """Name the accounts of real sites that may send nothing, and elements of pages that are found less."""
    database = Database(database_url, application_name="rapport doctor")
    try:
        with database.snapshot() as session:
            problems = [*_list_unproven(session), *_list_fallen(session)]
    except SQLAlchemyError as error:
        return Finding("sites' pages", False, type(error).__name__, "what was checked can't be read")
    finally:
        database.close()
    if not problems:
        return Finding("sites' pages", True, "nothing waits for a check of them")
    advice = "`rapport why ACCOUNT` gives the command that checks or shows them"
    return Finding("sites' pages", True, "; ".join(problems), advice, is_warning=True)


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
