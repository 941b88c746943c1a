"""What needs a person, each with what to do about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

from api_stub.console.today.days import DayPage
from api_stub.console.today.standing import FormatTime, Texts, show_name
from db.store.people.accounts import AccountRecord
from db.store.reports.attention import Attention
from worker.errors import Reason
from worker.queues import QueueSnapshot
from worker.rules.halts import RESUMED_BY_HAND, Halt, HaltCause
from worker.rules.model import ActionState
from worker.rules.reports.day import Day
from worker.rules.sites.sign_ins import Expiry
from worker.rules.subscriptions.readings import WHAT_HAPPENED
from worker.rules.wording.reasons import describe_reason
from worker.rules.wording.site_steps import name_check

_NEEDED_QUEUES: Final = ("control", "birthday")
"""Without consumers of these, no greeting is planned or sent."""
_MOST_TO_SETTLE: Final = 3
"""More than these have one banner; the list below it names them."""


@dataclass(frozen=True, slots=True)
class Banner:
    """One thing that needs a person.

    text: what happened and why; todo: what to do; command: to be typed where Rapport runs, `rapport ...`
    link: a path and its label; post: a path and the label of the button that posts there, with `fields`
    """

    kind: str
    text: str | Markup
    todo: str = ""
    command: str = ""
    link: tuple[str, str] | None = None
    post: tuple[str, str] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Banners:
    """Makes the banners of an account's page in one language."""

    account: AccountRecord
    page: DayPage
    queues: QueueSnapshot | None
    texts: Texts
    format_time: FormatTime

    def list_all(self) -> Iterator[Banner]:
        """Yield what needs a person, the most urgent first."""
        for halt in self.page.day.halts:
            yield self._describe_halt(halt)
        yield from self._list_sign_in(self.page.attention)
        yield from self._list_queues()
        yield from self._list_decisions(self.page.day)
        yield from self._list_site(self.page.attention)
        yield from self._list_doubts(self.page.attention)
        yield from self._list_failures(self.page.attention)

    def _describe_halt(self, halt: Halt) -> Banner:
        name = self.account.name
        if halt.cause is HaltCause.KILL_SWITCH:
            pulled = self.page.attention.kill_switch
            text = self._("Everything is stopped: nothing is read or sent.")
            if pulled is not None:
                says = self._("Everything is stopped by %(who)s, since %(time)s: nothing is read or sent.")
                text = Markup(says) % {  # noqa: S704 -- our own text
                    "who": show_name(pulled.by), "time": self.format_time(pulled.at),
                }  # fmt: skip
            resume = self._("Resume everything")
            return Banner("kill_switch", text, post=("/stop/resume-everything", resume), is_bad=True)
        if halt.cause is HaltCause.ACCOUNT_PAUSED:
            return Banner(
                "paused",
                self._("This account is paused: nothing is sent, and nothing is dropped."),
                post=("/stop/resume", self._("Resume")),
                fields={"account": name},
            )
        if halt.cause is HaltCause.NOT_SIGNED_IN:
            return Banner(
                "not_signed_in",
                self._("This account has not signed in yet, so it can't do anything."),
                self._("Sign in on the computer that runs Rapport:"),
                f"rapport account sign-in {name}",
                link=("/setup", self._("Set-up")),
            )
        return self._describe_stop(halt.reason or Reason.ACCOUNT_STOPPED)

    def _describe_stop(self, reason: Reason) -> Banner:
        name = self.account.name
        text = self._("This account is stopped: %(why)s.") % {"why": self._(describe_reason(reason))}
        steps = {
            Reason.SITE_CHANGED: self._("See what changed, then resume:"),
            Reason.LANGUAGE_UNKNOWN: self._(
                "Choose English, French, German, Spanish or Polish in the site's settings, then resume."
            ),
            Reason.ENTER_SENDS: self._(
                "Choose to send by clicking Send, in the conversation's own menu on the site, then resume."
            ),
            Reason.ACCOUNT_HELD: self._(
                "Look at the account on the site, wait if it asks for that, then resume."
            ),
        }
        if reason in RESUMED_BY_HAND:
            changed = reason is Reason.SITE_CHANGED
            return Banner(
                "stopped", text, steps[reason],
                f"rapport selectors check {name} --profile ADDRESS --compose" if changed else "",
                post=("/stop/resume", self._("Resume")), fields={"account": name}, is_bad=True,
            )  # fmt: skip
        todo = self._("Check the account on the site. Then sign in on the computer that runs Rapport:")
        return Banner("stopped", text, todo, f"rapport account sign-in {name}", is_bad=True)

    def _list_sign_in(self, found: Attention) -> Iterator[Banner]:
        if found.expires_at is None or found.expiry not in {Expiry.SOON, Expiry.OVER}:
            return
        over = found.expiry is Expiry.OVER
        text = (
            self._("The sign-in has expired on %(day)s.") if over
            else self._("The sign-in expires on %(day)s.")
        )  # fmt: skip
        yield Banner(
            "sign_in",
            text % {"day": self.format_time(found.expires_at)},
            self._("Sign in again on the computer that runs Rapport:"),
            f"rapport account sign-in {self.account.name}",
            is_bad=over,
        )

    def _list_queues(self) -> Iterator[Banner]:
        if self.queues is None:
            text = self._("Redis doesn't answer, so nothing new is started. What is planned is kept.")
            yield Banner("redis", text, link=("/ops", self._("Operations")), is_bad=True)
        elif self.queues.unconsumed(_NEEDED_QUEUES):
            text = self._("No worker takes messages, so nothing is sent. What is planned is kept.")
            yield Banner("nobody_consumes", text, link=("/ops", self._("Operations")), is_bad=True)

    def _list_decisions(self, day: Day) -> Iterator[Banner]:
        proposed = sum(person.state is ActionState.PROPOSED for person in day.waiting)
        if proposed:
            text = self.texts.ngettext(
                "%(n)s greeting waits for your approval.", "%(n)s greetings wait for your approval.", proposed
            )
            yield Banner("proposals", text % {"n": proposed}, link=(self._at("/review"), self._("Approve")))
        to_settle = [
            person
            for person in (*day.waiting, *day.others_to_settle)
            if person.state is ActionState.NEEDS_REVIEW
        ]
        if len(to_settle) > _MOST_TO_SETTLE:
            says = self._("%(n)s may have arrived. Look on the site, then settle each.") % {
                "n": len(to_settle)
            }
            yield Banner("settle", says, link=(f"{self._at('/')}#waiting", self._("Settle them")))
            return
        for person in to_settle:
            says = self._("%(who)s: %(why)s. Look on the site, then settle it.")
            why = self._(describe_reason(person.reason)) if person.reason else ""
            text = Markup(says) % {"who": show_name(person.name), "why": why}  # noqa: S704 -- our own text
            yield Banner("settle", text, link=(f"/actions/{person.action_id}", self._("Settle it")))

    def _list_site(self, found: Attention) -> Iterator[Banner]:
        if found.unproven is not None:
            command = name_check(found.unproven, self.account.name).partition("`")[2].partition("`")[0]
            text = self._("Nothing is sent before the site's pages are checked.")
            yield Banner("site_check", text, self._("Check them on the computer that runs Rapport:"), command)
        if found.to_look_at is not None:
            text = self._("The others wait until you have looked at the first message on the site.")
            todo = self._("Then say so on the computer that runs Rapport:")
            yield Banner(
                "first_look", text, todo, f"rapport account first-look {self.account.name}",
                link=(f"/actions/{found.to_look_at}", self._("Its proof")),
            )  # fmt: skip

    def _list_doubts(self, found: Attention) -> Iterator[Banner]:
        counted = (
            (
                found.birthday_doubts,
                self.texts.ngettext(
                    "%(n)s imported birthday is uncertain.", "%(n)s imported birthdays are uncertain.",
                    found.birthday_doubts,
                ),
            ),
            (
                found.identity_doubts,
                self.texts.ngettext(
                    "It is uncertain who %(n)s contact is.", "It is uncertain who %(n)s contacts are.",
                    found.identity_doubts,
                ),
            ),
        )  # fmt: skip
        for count, text in counted:
            if count:
                yield Banner("doubts", text % {"n": count}, link=(self._at("/doubts"), self._("Doubts")))

    def _list_failures(self, found: Attention) -> Iterator[Banner]:
        for job in found.late_jobs:
            text = self._("Upkeep is late: %(job)s.") % {"job": job.job}
            yield Banner("upkeep", text, link=("/ops", self._("Operations")))
        for each in found.failing:
            why = self._(WHAT_HAPPENED[each.failure]) if each.failure else ""
            says = (
                self._("%(source)s isn't read any more: %(why)s.")
                if each.next_at is None
                else self._("%(source)s was not read the last time: %(why)s.")
            )
            text = Markup(says) % {"source": show_name(each.name), "why": why}  # noqa: S704 -- our own text
            yield Banner("subscription", text, link=(self._at("/imports"), self._("Imports")))
        for other, _halt in found.others_halted:
            says = self._("The account %(name)s is stopped.")
            text = Markup(says) % {"name": show_name(other.name)}  # noqa: S704 -- our own text
            path = f"/?account={quote(other.name)}"
            yield Banner("other_account", text, link=(path, self._("Look at it")), is_bad=True)

    def _at(self, path: str) -> str:
        return f"{path}?account={quote(self.account.name)}"

    def _(self, text: str) -> str:
        return self.texts.gettext(text)
