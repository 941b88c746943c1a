"""One review session: show a proposal, wait for a key, and store the decision."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import click
from rich.console import ConsoleDimensions, RenderableType
from sqlalchemy.orm import Session

from api_stub.cli.context import get_terminal_user
from api_stub.cli.formatting import print_text
from api_stub.cli.review.display import render_proposal, show_screen
from api_stub.cli.screen.keyboard import RESIZED, open_keyboard
from api_stub.cli.terminal import Console
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from db.engine import Database
from db.store.actions.review import approval, proposals
from db.store.actions.review.approval import Decision, DecisionOutcome
from db.store.actions.review.proposals import Proposal
from db.store.reports import reviews
from worker.rules.messages.approval import TextRefusedError, validate_message
from worker.rules.texts.characters import sanitise_text

_PROPOSAL_KEYS = ("a approve", "e edit", "d drop", "n never again", "s skip for now", "q quit")
_DRAFT_KEYS = ("a approve these words", "e edit them again", "b back to the first ones")
_CONFIRM_KEYS = ("y yes, never again", "any other key: no")


@dataclass(frozen=True, slots=True)
class ReviewScope:
    """The selected proposals."""

    account: str | None
    campaign: UUID | None


def count_proposals(database: Database, scope: ReviewScope) -> int:
    """Return how many proposals wait."""
    with database.transaction() as session:
        return proposals.count_proposals(session, account=scope.account, campaign=scope.campaign)


def list_with_outlook(
    session: Session, scope: ReviewScope, *, limit: int, after: UUID | None
) -> Sequence[Proposal]:
    """Return a page of the selected proposals, each with the forecast of its sending."""
    return reviews.list_with_outlook(
        session, limit=limit, after=after, account=scope.account, campaign=scope.campaign,
        default_late_days=DEFAULT_LATE_DAYS,
    )  # fmt: skip


@dataclass
class ReviewSession:
    """One review at one terminal. No transaction is open while it waits for a key."""

    database: Database
    scope: ReviewScope
    console: Console
    zones: Mapping[str, ZoneInfo]
    by: str = field(default_factory=get_terminal_user)
    decided: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    last: UUID | None = None
    note: str = ""

    def run(self) -> None:
        """Show one proposal after the other, and a summary at the end."""
        try:
            while (proposal := self._next()) is not None and self._decide(proposal):
                pass
        except (KeyboardInterrupt, EOFError):
            pass  # Ctrl-C and Ctrl-D quit like q; decisions stay made
        self.console.clear()
        if self.note:
            print_text(self.note)
        print_text(self._summary(), "bold")

    def _next(self) -> Proposal | None:
        with self.database.transaction() as session:
            found = list_with_outlook(session, self.scope, limit=1, after=self.last)
        return found[0] if found else None

    def _decide(self, proposal: Proposal) -> bool:
        """Handle one key for one proposal; return False to quit. An undecided proposal is shown again."""
        key = self._ask(proposal, _PROPOSAL_KEYS)
        self.note = ""
        if key == "a":
            self._settle(proposal, "approved", partial(approval.approve_proposal, seen=proposal.seen))
        elif key == "e":
            self._edit(proposal)
        elif key == "d":
            self._settle(proposal, "dropped", approval.drop_proposal)
        elif key == "n":
            self._never(proposal)
        elif key == "s":
            self._advance(proposal)
        elif key != "q":
            self.note = "unknown key"
        return key != "q"

    def _edit(self, proposal: Proposal) -> None:
        """Edit the text until the draft is approved or given up."""
        draft = self._in_editor(proposal.message)
        while draft is not None:
            self.note = fault = _find_text_fault(draft)
            key = self._ask(proposal, _DRAFT_KEYS, draft=draft)
            self.note = ""
            if key == "a" and not fault:
                words = partial(approval.edit_proposal, text=draft, seen=proposal.seen)
                self._settle(proposal, "edited", words)
                return
            if key == "b":
                return
            if key == "e":
                draft = self._in_editor(draft)

    def _in_editor(self, text: str) -> str | None:
        """Return the edited text, or None if there is no editor."""
        try:
            written = click.edit(text)
        except click.ClickException as error:
            self.note = f"no editor ({error.format_message()}): set EDITOR to one that you have"
            return None
        return text if written is None else written.strip()

    def _never(self, proposal: Proposal) -> None:
        self.note = f"Never contact {sanitise_text(proposal.contact)} again, from any account?"
        if self._ask(proposal, _CONFIRM_KEYS) == "y":
            self._settle(proposal, "never again", approval.never_contact)
        else:
            self.note = ""

    def _ask(self, proposal: Proposal, keys: Sequence[str], *, draft: str | None = None) -> str:
        """Show a proposal and wait for a key. Keys typed before the screen is drawn are dropped.

        The screen is drawn again when the terminal's size changes.
        """
        with self.database.transaction() as session:
            left = proposals.count_proposals(
                session, after=proposal.id, account=self.scope.account, campaign=self.scope.campaign
            )
        position = self.passed + 1
        render = partial(
            render_proposal,
            proposal,
            position=position,
            total=position + left,
            note=self.note,
            keys=keys,
            zone=self.zones[proposal.account],
            draft=draft,
        )
        shown_at = self._show(render)
        with open_keyboard() as keyboard:
            if shown_at != self.console.size:
                self._show(render)
            while (key := keyboard.read_key()) == RESIZED:
                self._show(render)
        return key or ""

    def _show(self, render: Callable[..., RenderableType]) -> ConsoleDimensions:
        """Draw the screen; return the size of the terminal that it was drawn for."""
        size = self.console.size
        show_screen(self.console, render(size=size))
        return size

    def _settle(self, proposal: Proposal, verb: str, decide: Callable[..., Decision]) -> None:
        with self.database.transaction() as session:
            decision = decide(session, proposal.id, by=self.by)
        if decision.outcome is DecisionOutcome.DONE:
            self.decided[verb] += 1
            self.note = f"{sanitise_text(proposal.contact)}: {verb}"
            self._advance(proposal)
        else:
            self.note = f"{sanitise_text(proposal.contact)}: {approval.describe_refusal(decision)}"

    def _advance(self, proposal: Proposal) -> None:
        self.last = proposal.id
        self.passed += 1

    def _summary(self) -> str:
        did = [f"{verb} {self.decided[verb]}" for verb in ("approved", "edited", "dropped")]
        if self.decided["never again"]:
            did.append(f"never again {self.decided['never again']}")
        return ", ".join([*did, f"left {count_proposals(self.database, self.scope)}"])


def _find_text_fault(draft: str) -> str:
    try:
        validate_message(draft)
    except TextRefusedError as refused:
        return str(refused)
    return ""
