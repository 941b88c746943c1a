"""Each gate that an open action must pass, whether it is open, and why."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from api_stub.console.today.standing import Texts
from db.store.reports.action_facts import ActionFacts
from db.store.reports.gate_facts import ContactFacts, GateFacts
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState, CampaignState, ContactStatus, Kind
from worker.rules.policy import MAX_FAILURES
from worker.rules.texts.characters import sanitise_line
from worker.rules.wording.reasons import describe_reason


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate in words."""

    name: str
    is_open: bool
    says: str


@dataclass(frozen=True, slots=True)
class GateWords:
    """Describes the gates of an action, in the order of checking, those of the quota last.

    The facts are those of `rapport why`. `moment` and `day` format times in the account's zone.
    """

    facts: GateFacts
    action: ActionFacts
    texts: Texts
    moment: Callable[[datetime], str]
    day: Callable[[date], str]

    def list_all(self) -> Iterator[Gate]:
        """Yield every gate."""
        yield from self._list_account()
        yield from self._list_site()
        if self.facts.contact is not None:
            yield from self._list_person(self.facts.contact)
        yield from self._list_action()
        yield self._describe_quota()

    def _list_account(self) -> Iterator[Gate]:
        facts, account = self.facts, self.facts.account
        pulled = facts.kill_switch
        says = (
            self._("no")
            if pulled is None
            else self._("yes, since %(time)s") % {"time": self.moment(pulled.at)}
        )
        yield Gate(self._("Kill switch"), pulled is None, says)
        is_active = account.status is AccountStatus.ACTIVE
        why = self._reason(account.stop_reason) if account.stop_reason else self._("paused")
        yield Gate(self._("Account"), is_active, self._("running") if is_active else why)
        signed_in = account.signed_in and account.stop_reason is not Reason.NOT_SIGNED_IN
        yield Gate(
            self._("Sign-in"), signed_in, self._("signed in") if signed_in else self._("not signed in")
        )
        other = facts.in_flight if facts.in_flight and facts.in_flight.id != self.action.id else None
        is_free = other is None and facts.account.inbox_until is None
        busy = self._("another action of the account is under way, or its inbox is being read")
        yield Gate(self._("One at a time"), is_free, self._("nothing else is under way") if is_free else busy)

    def _list_site(self) -> Iterator[Gate]:
        gate = self.facts.site_gate
        if gate.needed:
            reason = gate.closed_for(approved=self.action.needs_approval)
            yield Gate(self._("Site"), reason is None, self._reason(reason) if reason else self._("checked"))

    def _list_person(self, person: ContactFacts) -> Iterator[Gate]:
        free = not person.do_not_contact
        yield Gate(self._("May be contacted"), free, self._("yes") if free else self._("no"))
        if person.hold_until is not None:
            says = self._("until %(day)s") % {"day": self.day(person.hold_until)}
            why = sanitise_line(person.hold_reason or "")
            yield Gate(self._("On hold"), False, f"{says}: {why}" if why else says)
        if person.identity_doubt is not None:
            yield Gate(self._("Who it is"), False, self._reason(person.identity_doubt))
        if self.action.kind is Kind.VISIT:
            says = self._reason(Reason.VISITED_LATELY) if person.visited_lately else self._("not lately")
            yield Gate(self._("Last visit"), not person.visited_lately, says)
        if self.action.kind is Kind.GREET:
            connected = person.status is ContactStatus.CONNECTED
            yield Gate(self._("Connection"), connected, self._("yes") if connected else self._("no"))
            written = person.written_to_today
            says = self._reason(Reason.ONE_VOICE) if written else self._("no other message today")
            yield Gate(self._("One message a day"), not written, says)

    def _list_action(self) -> Iterator[Gate]:
        action, now = self.action, self.facts.now
        stopped = {
            CampaignState.PAUSED: self._("paused"),
            CampaignState.CANCELLED: self._("cancelled"),
        }.get(action.campaign)
        is_looked_at = action.state is ActionState.UNCERTAIN
        yield Gate(self._("Campaign"), stopped is None or is_looked_at, stopped or self._("running"))
        if action.needs_approval:
            by = action.approved_by
            says = self._("by %(who)s") % {"who": sanitise_line(by)} if by else self._("nobody yet")
            yield Gate(self._("Approval"), by is not None, says)
        if action.expires_on is not None:
            today = now.astimezone(self.facts.account.zone).date()
            yield Gate(self._("Last day"), action.expires_on >= today, self.day(action.expires_on))
        if action.state in {ActionState.PLANNED, ActionState.UNCERTAIN}:
            due = action.not_before <= now
            words = self._("due since %(time)s") if due else self._("not before %(time)s")
            says = words % {"time": self.moment(action.not_before)}
            why = f"{self._reason(action.reason)}; {says}" if action.reason else says
            yield Gate(self._("Time"), due, why)
        tries = self._("%(tries)s tries; %(failures)s of %(most)s failures")
        values = {"tries": action.attempt, "failures": action.failures, "most": MAX_FAILURES}
        yield Gate(self._("Tries"), True, tries % values)

    def _describe_quota(self) -> Gate:
        decision = self.facts.quota.by_ledger
        if decision.granted or decision.reason is None:
            return Gate(self._("Quota"), True, self._("there is room"))
        says = self._reason(decision.reason)
        if decision.retry_at is not None:
            until = self._("until %(time)s") % {"time": self.moment(decision.retry_at)}
            says = f"{says}; {until}"
        return Gate(self._("Quota"), False, says)

    def _reason(self, reason: Reason) -> str:
        return self._(describe_reason(reason))

    def _(self, text: str) -> str:
        return self.texts.gettext(text)
