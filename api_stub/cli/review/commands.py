"""`rapport review`: a person decides on proposed greetings, with one key for each."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated
from uuid import UUID

import click
import typer

from api_stub.cli.context import (
    DEFAULT_DATA,
    DataDir,
    get_terminal_user,
    open_database,
    require_account,
    resolve_id,
)
from api_stub.cli.formatting import print_text
from api_stub.cli.review.display import render_plain, render_proposal, show_screen
from api_stub.cli.terminal import Console
from db.engine import Database
from db.store.actions import approval, proposals
from db.store.actions.approval import Decision, DecisionOutcome
from db.store.actions.proposals import Proposal
from db.store.reports import overview
from db.store.reports.overview import CampaignLine
from worker.errors import RequestRefusedError
from worker.rules.characters import sanitise_text
from worker.rules.messages.approval import TextRefusedError, validate_message
from worker.rules.model import CampaignState

_PROPOSAL_KEYS = ("a approve", "e edit", "d drop", "n never again", "s skip for now", "q quit")
_DRAFT_KEYS = ("a approve these words", "e edit them again", "b back to the first ones")
_CONFIRM_KEYS = ("y yes, never again", "any other key: no")
_LIST_PAGE = 100


def review(
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    campaign: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this campaign's: its id, or the first digits.")
    ] = None,
    only_list: Annotated[
        bool, typer.Option("--list", help="Print the proposals without asking, for scripts.")
    ] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Decide on greetings before they are sent: approve, edit, drop, or never again. One key for each person.

    Shows the greetings of campaigns that were started with `approval`. Without approval they are not sent.
    Messages that may have been sent already are in `rapport actions review`.
    """
    console = Console()
    with open_database(data) as database:
        scope = _resolve_scope(database, account, campaign)
        if only_list:
            _print_proposals(database, scope)
        elif not (console.is_terminal and sys.stdin.isatty()):
            raise RequestRefusedError(
                "deciding takes a person at a terminal: `rapport review --list` only prints what waits, and "
                "docs/approving.md says how to decide over HTTP"
            )
        elif not _count_proposals(database, scope):
            print_text(_describe_empty(database, scope))
        else:
            _ReviewSession(database, scope, console).run()


@dataclass(frozen=True, slots=True)
class _Scope:
    """The selected proposals."""

    account: str | None
    campaign: UUID | None


def _resolve_scope(database: Database, account: str | None, campaign: str | None) -> _Scope:
    with database.transaction() as session:
        if account is not None:
            require_account(session, account)
        if campaign is None:
            return _Scope(account, None)
        found = overview.find_campaign_ids(session, campaign)
        return _Scope(
            account, resolve_id(found, "campaign", campaign, hint="`rapport campaign list` shows them")
        )


def _count_proposals(database: Database, scope: _Scope) -> int:
    with database.transaction() as session:
        return proposals.count_proposals(session, account=scope.account, campaign=scope.campaign)


def _print_proposals(database: Database, scope: _Scope) -> None:
    console, total, after = Console(), 0, None
    while True:
        with database.transaction() as session:
            found = proposals.list_proposals(
                session, limit=_LIST_PAGE, after=after, account=scope.account, campaign=scope.campaign
            )
        for proposal in found:
            console.print(render_plain(proposal), soft_wrap=True)
        total += len(found)
        if len(found) < _LIST_PAGE:
            break
        after = found[-1].id
    print_text(
        f"{total} wait for approval: rapport review" if total else _describe_empty(database, scope), "bold"
    )


def _describe_empty(database: Database, scope: _Scope) -> str:
    with database.transaction() as session:
        lines = overview.list_campaigns(session, limit=100, account=scope.account)
    asking = [line for line in lines if line.options.get("approval") and scope.campaign in {None, line.id}]
    if not asking:
        return (
            "nothing waits for approval, and none of the last campaigns asks for it; to start one that does: "
            "rapport campaign birthday ACCOUNT --approval"
        )
    return "\n".join(
        ["nothing waits for approval; campaigns that ask for it:", *map(_summarize_campaign, asking[:5])]
    )


def _summarize_campaign(line: CampaignLine) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in line.actions.items()) or "no actions"
    state = "still reads its site" if line.state is CampaignState.READING else line.state
    return f"  {str(line.id)[:8]}, account {line.account}: {state}, {counts}"


@dataclass
class _ReviewSession:
    """One review at one terminal. No transaction is open while it waits for a key."""

    database: Database
    scope: _Scope
    console: Console
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
            found = proposals.list_proposals(
                session, limit=1, after=self.last, account=self.scope.account, campaign=self.scope.campaign
            )
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
            self._pass(proposal)
        elif key != "q":
            self.note = "that key means nothing here"
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
        """Show a proposal and wait for a key. Keys typed before the screen is drawn are dropped."""
        with self.database.transaction() as session:
            left = proposals.count_proposals(
                session, after=proposal.id, account=self.scope.account, campaign=self.scope.campaign
            )
        position = self.passed + 1
        show_screen(
            self.console,
            render_proposal(
                proposal,
                position=position,
                total=position + left,
                note=self.note,
                keys=keys,
                draft=draft,
                width=self.console.width,
            ),
        )
        return click.getchar().lower()

    def _settle(self, proposal: Proposal, verb: str, decide: Callable[..., Decision]) -> None:
        with self.database.transaction() as session:
            decision = decide(session, proposal.id, by=self.by)
        if decision.outcome is DecisionOutcome.DONE:
            self.decided[verb] += 1
            self.note = f"{sanitise_text(proposal.contact)}: {verb}"
            self._pass(proposal)
        else:
            self.note = f"{sanitise_text(proposal.contact)}: {approval.describe_refusal(decision)}"

    def _pass(self, proposal: Proposal) -> None:
        self.last = proposal.id
        self.passed += 1

    def _summary(self) -> str:
        did = [f"{verb} {self.decided[verb]}" for verb in ("approved", "edited", "dropped")]
        if self.decided["never again"]:
            did.append(f"never again {self.decided['never again']}")
        return ", ".join([*did, f"left {_count_proposals(self.database, self.scope)}"])


def _find_text_fault(draft: str) -> str:
    try:
        validate_message(draft)
    except TextRefusedError as refused:
        return str(refused)
    return ""
