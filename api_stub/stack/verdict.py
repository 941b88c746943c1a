"""Postgres' record held against the practice network's own ledger: the one comparison that counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from db.store.overview import ActionLine
from worker.rules.model import ActionState

ONE_OCCASION = timedelta(days=200)
"""Two greetings of one person closer together than this belong to one birthday."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One message that reached the network."""

    slug: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the two records compare. `problems` are sentences for a person; none means that all is well."""

    greetings: int
    in_ledger: int
    twice: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in the words that people and scripts look for."""
        return f"{self.greetings} greetings, {self.in_ledger} in the ledger, {self.twice} twice"


def read_ledger(sandbox_url: str, control_key: str, member: str) -> list[Effect]:
    """Return what the network says that `member` sent. Raises httpx.HTTPError when it doesn't answer."""
    answer = httpx.get(
        f"{sandbox_url}/_sandbox/ledger", params={"member": member}, headers={"X-Sandbox-Key": control_key}
    )
    answer.raise_for_status()
    return [
        Effect(entry["slug"], entry["text"], datetime.fromisoformat(entry["at"])) for entry in answer.json()
    ]


def compare(actions: Sequence[ActionLine], ledger: Sequence[Effect]) -> Verdict:
    """Hold our record against the ledger, person by person and text by text."""
    done = [action for action in actions if action.state is ActionState.DONE]
    recorded = Counter((_slug(action.profile_url), _words(action.sent or "")) for action in done)
    reached = Counter((effect.slug, _words(effect.text)) for effect in ledger)
    problems = [f"{slug}: recorded as greeted, but not in the ledger" for slug, _ in recorded - reached]
    problems += [f"{slug}: in the ledger, but not recorded" for slug, _ in reached - recorded]
    problems += [
        f"{action.contact}: {action.state} ({action.reason}: {action.detail})"
        for action in actions
        if action.state in {ActionState.FAILED, ActionState.NEEDS_REVIEW}
    ]
    twice = _twice(ledger)
    problems += [f"{slug}: greeted twice for one occasion" for slug in twice]
    return Verdict(len(done), len(ledger), len(twice), tuple(problems))


def _twice(ledger: Sequence[Effect]) -> list[str]:
    last: dict[str, datetime] = {}
    twice = []
    for effect in sorted(ledger, key=lambda e: e.at):
        if effect.slug in last and effect.at - last[effect.slug] < ONE_OCCASION:
            twice.append(effect.slug)
        last[effect.slug] = effect.at
    return twice


def _slug(profile_url: str) -> str:
    return profile_url.rstrip("/").rpartition("/")[2]


def _words(text: str) -> str:
    return " ".join(text.split())
