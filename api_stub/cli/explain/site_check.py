"""Say what a check has proven of a site's pages, and what a person has to do about it."""

from collections.abc import Iterator, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api_stub.cli.formatting import format_time
from api_stub.cli.quota.gates import Gate
from api_stub.cli.wording import format_day
from db.engine import get_database_time
from db.store.actions.site_gate import SiteGate, find_site_gate
from db.store.people.accounts import AccountRecord
from worker.rules.capabilities import CHECK_LASTS, NEEDED_BY_KIND, SENDING, CapabilityVerdict, Unproven
from worker.rules.mark_trends import Trend
from worker.rules.model import Kind

_TRENDS: Final[Mapping[Trend, str]] = {
    Trend.MISSING: "is not found any more",
    Trend.RARER: "is missed in every second look or more",
    Trend.OTHER_FORM: "is found in another form than before",
}


def list_site_gates(gate: SiteGate, kind: Kind, zone: ZoneInfo) -> Iterator[Gate]:
    """Yield the gates of a site whose pages must be proven; none on other sites."""
    if not gate.needed:
        return
    unproven = gate.unproven
    says = describe_unproven(unproven, zone) if unproven else _describe_proven(gate, kind, zone)
    yield Gate("pages", unproven is None, says)
    if kind is not Kind.GREET:
        return
    if not gate.supervised:
        yield Gate("first message", True, f"seen live on {_seen_live_on(gate)}")
    elif gate.to_look_at is not None:
        yield Gate("first message", False, "it was sent, and nobody has looked at it yet")
    else:
        yield Gate("first message", True, "none was seen live yet: each one is approved, and then looked at")


def describe_unproven(unproven: Unproven, zone: ZoneInfo) -> str:
    """Return which capability is not proven, and its last verdict with the date."""
    found = unproven.found
    if found is None:
        return f"{_name(unproven)}: never checked"
    if unproven.expired:
        days = CHECK_LASTS.days
        return (
            f"{_name(unproven)}: last checked {format_time(found.checked_at, zone)}, {days} days ago or more"
        )
    return describe_verdict(found, zone)


def describe_verdict(found: CapabilityVerdict, zone: ZoneInfo) -> str:
    """Return a verdict with what decided it, its date, and the page's front end and language."""
    mark = f" ({found.mark})" if found.mark else ""
    served = " ".join(filter(None, (found.front_end, found.language)))
    name = found.capability.replace("_", " ")
    return f"{name}: {found.verdict}{mark}, {format_time(found.checked_at, zone)}{served and f', {served}'}"


def describe_trend(trend: Trend) -> str:
    """Return what happened to an element of a page."""
    return _TRENDS[trend]


def find_site_step(gate: SiteGate, account: str, *, approved: bool) -> str | None:
    """Return what a person has to do before an action may happen, or None."""
    if gate.unproven is not None:
        return f"check the site's pages: {_name_check(gate.unproven, account)}"
    if gate.to_look_at is not None:
        return f"look at the first message: `rapport account first-look {account}`"
    if gate.supervised and not approved:
        return "it is proposed for approval when it is due; then `rapport review`"
    return None


def _name_check(unproven: Unproven, account: str) -> str:
    """Return the command that can prove a capability: sending needs the page that writes to a connection."""
    options = " --profile ADDRESS --compose" if unproven.capability in SENDING else ""
    where = ", ADDRESS being the profile of a connection to whom you have written" if options else ""
    return f"`rapport selectors check {account}{options}`{where}"


def list_site_caveats(session: Session, account: AccountRecord) -> Iterator[str]:
    """Yield what a person must do before greetings go out at the times that a forecast names."""
    now = get_database_time(session)
    gate = find_site_gate(session, account_id=account.id, site=account.site, kind=Kind.GREET, now=now)
    if gate.unproven is not None:
        yield f"nothing is sent before you check the site's pages: {_name_check(gate.unproven, account.name)}"
    if gate.supervised:
        yield (
            "each greeting waits for your approval, and after the first one the others wait until you have "
            f"looked at it: `rapport account first-look {account.name}`"
        )


def _name(unproven: Unproven) -> str:
    return unproven.capability.replace("_", " ")


def _describe_proven(gate: SiteGate, kind: Kind, zone: ZoneInfo) -> str:
    checked = [each.checked_at for each in gate.verdicts if each.capability in NEEDED_BY_KIND[kind]]
    return f"ok, {format_time(min(checked), zone)}" if checked else "not checked; reading needs no check"


def _seen_live_on(gate: SiteGate) -> str:
    seen = [each for each in gate.verdicts if each.capability in SENDING]
    days = [each.seen_live_on for each in seen if each.seen_live_on is not None]
    front_ends = sorted({each.front_end for each in seen if each.front_end})
    return format_day(max(days)) + (f" ({', '.join(front_ends)})" if front_ends else "")
