"""Compare the greetings in Postgres with the practice network's own ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from api_stub.sandbox.state import Effect
from db.store.reports.overview import ActionLine
from worker.rules.model import ActionState

ONE_OCCASION = timedelta(days=200)
"""Two greetings of one person less than this apart belong to one birthday."""


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """The result of a comparison. `problems` are sentences for a person; empty means that both agree."""

    greetings: int
    in_ledger: int
    twice: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Return the line that people and scripts look for."""
        return f"{self.greetings} greetings, {self.in_ledger} in the ledger, {self.twice} twice"


def compare_with_ledger(actions: Sequence[ActionLine], ledger: Sequence[Effect]) -> LedgerCheck:
    """Compare actions with the messages of the ledger (oldest first) by person and text.

    Test messages and withdrawn invitations are in the ledger too; they are no greetings.
    """
    ledger = [effect for effect in ledger if effect.kind == "message"]
    done = [action for action in actions if action.state is ActionState.DONE]
    recorded = Counter((_slug(action.profile_url), _normalize(action.sent or "")) for action in done)
    reached = Counter((effect.slug, _normalize(effect.text)) for effect in ledger)
    problems = [f"{slug}: recorded as greeted, but not in the ledger" for slug, _ in recorded - reached]
    problems += [f"{slug}: in the ledger, but not recorded" for slug, _ in reached - recorded]
    problems += [
        f"{action.contact}: {action.state} ({action.reason}: {action.detail})"
        for action in actions
        if action.state in {ActionState.FAILED, ActionState.NEEDS_REVIEW}
    ]
    twice = _greeted_twice(ledger)
    problems += [f"{slug}: greeted twice for one occasion" for slug in twice]
    return LedgerCheck(len(done), len(ledger), len(twice), tuple(problems))


def _greeted_twice(ledger: Sequence[Effect]) -> list[str]:
    last: dict[str, datetime] = {}
    twice = []
    for effect in ledger:
        at = datetime.fromisoformat(effect.at)
        if effect.slug in last and at - last[effect.slug] < ONE_OCCASION:
            twice.append(effect.slug)
        last[effect.slug] = at
    return twice


def _slug(profile_url: str) -> str:
    return unquote(profile_url.rstrip("/").rpartition("/")[2])


def _normalize(text: str) -> str:
    return " ".join(text.split())
