"""Say what a check has proven of a site's pages, and what a person has to do about it."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api_stub.checks.words import describe_unproven
from api_stub.explain.quota_gates import Gate
from api_stub.occasions import format_day
from api_stub.times import format_time
from db.engine import get_database_time
from db.store.actions.site_gate import SiteGate, find_site_gate
from db.store.people.accounts import AccountRecord
from worker.rules.model import Kind
from worker.rules.sites.capabilities import NEEDED_BY_KIND, SENDING
from worker.rules.wording.site_steps import advise_site, name_check


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


def find_site_step(gate: SiteGate, account: str, *, approved: bool) -> str | None:
    """Return what a person has to do before an action may happen, or None."""
    step = advise_site(account, gate.unproven, to_look_at=gate.to_look_at is not None)
    if step is None and gate.supervised and not approved:
        return "it is proposed for approval when it is due; then `rapport review`"
    return step


def list_site_caveats(session: Session, account: AccountRecord) -> Iterator[str]:
    """Yield what a person must do before greetings go out at the times that a forecast names."""
    now = get_database_time(session)
    gate = find_site_gate(session, account_id=account.id, site=account.site, kind=Kind.GREET, now=now)
    if gate.unproven is not None:
        yield f"nothing is sent before you check the site's pages: {name_check(gate.unproven, account.name)}"
    if gate.supervised:
        yield (
            "each greeting waits for your approval, and after the first one the others wait until you have "
            f"looked at it: `rapport account first-look {account.name}`"
        )


def _describe_proven(gate: SiteGate, kind: Kind, zone: ZoneInfo) -> str:
    checked = [each.checked_at for each in gate.verdicts if each.capability in NEEDED_BY_KIND[kind]]
    return f"ok, {format_time(min(checked), zone)}" if checked else "not checked; reading needs no check"


def _seen_live_on(gate: SiteGate) -> str:
    seen = [each for each in gate.verdicts if each.capability in SENDING]
    days = [each.seen_live_on for each in seen if each.seen_live_on is not None]
    front_ends = sorted({each.front_end for each in seen if each.front_end})
    return format_day(max(days)) + (f" ({', '.join(front_ends)})" if front_ends else "")
