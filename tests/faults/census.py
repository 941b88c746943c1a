"""Compare Postgres and the quota with what reached the practice network."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from api_stub.sandbox.state import Effect
from api_stub.stack.ledger_check import compare_with_ledger
from db.store.reports.overview import ActionLine
from worker.errors import Reason
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import ActionState
from worker.rules.policy import MAX_FAILURES


class Quota(StrEnum):
    """How the quota's count must compare with the ledger after a fault."""

    EQUAL = "equal"
    AT_LEAST = "at least"  # the unit of a killed process counts until the next comparison


@dataclass(frozen=True, slots=True)
class Expected:
    """What a fault may leave behind. `poisoned` actions end as failed without an effect."""

    quota: Quota = Quota.EQUAL
    poisoned: int = 0


@dataclass(frozen=True, slots=True)
class Census:
    """One campaign, counted at the receiver. `problems` are sentences; there are none if all is well."""

    planned: int
    done: int
    in_ledger: int
    doubles: int
    losses: int
    charged: int
    problems: tuple[str, ...]


def take_census(
    lines: Sequence[ActionLine],
    ledger: Sequence[Effect],
    *,
    charged: int,
    expected: Expected,
    orphans: Sequence[str],
) -> Census:
    """Count one campaign. `orphans` are sentences about processes that should have ended."""
    greeted = Counter(effect.slug for effect in ledger)
    poisoned = [line for line in lines if _is_poisoned(line) and not greeted[_slug(line)]]
    rest = lines if len(poisoned) != expected.poisoned else [line for line in lines if line not in poisoned]
    lost = [line for line in rest if line.state is not ActionState.DONE or not greeted[_slug(line)]]
    found = compare_with_ledger(rest, ledger)
    problems = [
        *found.problems,
        *orphans,
        *(f"{line.contact} is still {line.state}" for line in lines if line.state in IN_FLIGHT),
        *(f"{line.contact} is {line.state}: {line.reason} {line.detail}" for line in lost),
    ]
    if len(poisoned) < expected.poisoned:
        problems.append(f"{len(poisoned)} actions ended as failed, not {expected.poisoned}")
    if (expected.quota is Quota.EQUAL and charged != len(ledger)) or (
        expected.quota is Quota.AT_LEAST and charged < len(ledger)
    ):
        problems.append(f"the quota has charged {charged} for {len(ledger)} in the ledger")
    return Census(
        planned=len(rest),
        done=found.greetings,
        in_ledger=len(ledger),
        doubles=sum(count - 1 for count in greeted.values()),
        losses=len(lost),
        charged=charged,
        problems=tuple(problems),
    )


def _is_poisoned(line: ActionLine) -> bool:
    return (
        line.state is ActionState.FAILED
        and line.reason is Reason.TOO_MANY_ATTEMPTS
        and line.attempt <= MAX_FAILURES
    )


def _slug(line: ActionLine) -> str:
    return unquote(line.profile_url.split("/")[-2])
