"""How well a person fits the criteria: points from 0 to 100, and where each of them comes from.

The points of all criteria that are given add up to 100. What is met gives its points; what is missed gives
none, or takes them away where the criterion is required. What was not read, or what a profile is silent
about, gives and takes nothing: nobody is marked down for what nobody knows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from worker.rules.sourcing.criteria import Criteria, Criterion, given_criteria
from worker.rules.sourcing.matching import Finding, Verdict, match_criterion
from worker.rules.sourcing.phrases import fold_text
from worker.rules.sourcing.profile import Profile

MAX_POINTS: Final = 100

DEFAULT_WEIGHTS: Final[Mapping[Criterion, int]] = {
    Criterion.SKILLS: 30,
    Criterion.TITLE: 20,
    Criterion.KEYWORDS: 15,
    Criterion.LOCATION: 15,
    Criterion.YEARS: 15,
    Criterion.COMPANY: 10,
    Criterion.LANGUAGES: 10,
    Criterion.OPEN_TO_WORK: 5,
}
"""What a criterion counts where its weight isn't given: what somebody can and does before where they are.

A judgement, not a measurement; only the proportions among the given criteria matter.
"""


@dataclass(frozen=True, slots=True)
class ScoreReason:
    """What one thing that was asked for gave or took, and why."""

    points: int
    criterion: Criterion
    text: str

    def __str__(self) -> str:
        """As a person reads it: "+30 skill Python"."""
        sign = {1: "+", -1: "\N{MINUS SIGN}"}.get((self.points > 0) - (self.points < 0), "")
        return f"{sign}{abs(self.points)} {self.text}"


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 100: the reasons' points together, held between the two. No reasons: nothing was asked for."""

    points: int
    reasons: tuple[ScoreReason, ...]


def score(criteria: Criteria, profile: Profile, today: date) -> Score:
    """Return how well `profile` fits, with a reason for each thing asked for, in their order."""
    shares = allocate_points(criteria)
    reasons: list[ScoreReason] = []
    for criterion, found in _by_criterion(criteria, profile, today):
        parts = _parts(shares[criterion], [finding.item for finding in found])
        for finding, part in zip(found, parts, strict=True):
            required = criterion in criteria.required
            reasons.append(ScoreReason(_points(finding, part, required=required), criterion, finding.text))
    return Score(min(MAX_POINTS, max(0, sum(reason.points for reason in reasons))), tuple(reasons))


def allocate_points(criteria: Criteria) -> Mapping[Criterion, int]:
    """Return how many of the 100 points each given criterion has, the largest remainders rounded up.

    Only proportions count: twice every weight is the same.
    """
    given = given_criteria(criteria)
    weights = {
        criterion: criteria.weights.get(criterion, DEFAULT_WEIGHTS[criterion])
        for criterion in Criterion
        if criterion in given
    }
    total = sum(weights.values())
    points = {criterion: MAX_POINTS * weight // total for criterion, weight in weights.items()}
    by_remainder = sorted(
        weights, key=lambda criterion: MAX_POINTS * weights[criterion] % total, reverse=True
    )
    for criterion in by_remainder[: MAX_POINTS - sum(points.values())] if given else ():
        points[criterion] += 1
    return points


def _by_criterion(
    criteria: Criteria, profile: Profile, today: date
) -> Iterator[tuple[Criterion, Sequence[Finding]]]:
    given = given_criteria(criteria)
    for criterion in Criterion:
        if criterion in given:
            yield criterion, match_criterion(criterion, criteria, profile, today)


def _parts(points: int, items: Sequence[str]) -> Sequence[int]:
    """Split the points of a criterion among what it asks for; what is over goes by the alphabet.

    So the order in which things are asked for changes nothing.
    """
    each, over = divmod(points, len(items))
    luckier = set(sorted(map(fold_text, items))[:over])
    return [each + (fold_text(item) in luckier) for item in items]


def _points(finding: Finding, part: int, *, required: bool) -> int:
    match finding.verdict:
        case Verdict.MET:
            return part
        case Verdict.MET_ONCE:
            return part // 2
        case Verdict.MISSED:
            return -part if required else 0
        case Verdict.UNKNOWN:
            return 0
