"""Score a profile against the criteria: 0 to 100 points, with the reason for each.

The points of all given criteria add up to 100. A met item gives its points. A missed one gives none, or takes
them away where the criterion is required. An unknown one (not read, or not in the profile) changes nothing.
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
"""The weights of criteria that are given without one: skills and work count more than the place.

This is a judgement, not a measurement. Only the proportions among the given criteria matter.
"""


@dataclass(frozen=True, slots=True)
class ScoreReason:
    """The points that one criterion item gave or cost, and why."""

    points: int
    criterion: Criterion
    text: str

    def __str__(self) -> str:
        """Return it as shown to a person: "+30 skill Python"."""
        sign = {1: "+", -1: "\N{MINUS SIGN}"}.get((self.points > 0) - (self.points < 0), "")
        return f"{sign}{abs(self.points)} {self.text}"


@dataclass(frozen=True, slots=True)
class Score:
    """The sum of the reasons' points, limited to 0 to 100. Without criteria there are no reasons."""

    points: int
    reasons: tuple[ScoreReason, ...]


def score(criteria: Criteria, profile: Profile, today: date) -> Score:
    """Return the score of `profile`, with a reason for each criterion item, in their order."""
    shares = allocate_points(criteria)
    reasons: list[ScoreReason] = []
    for criterion, found in _by_criterion(criteria, profile, today):
        parts = _parts(shares[criterion], [finding.item for finding in found])
        for finding, part in zip(found, parts, strict=True):
            required = criterion in criteria.required
            reasons.append(ScoreReason(_points(finding, part, required=required), criterion, finding.text))
    return Score(min(MAX_POINTS, max(0, sum(reason.points for reason in reasons))), tuple(reasons))


def allocate_points(criteria: Criteria) -> Mapping[Criterion, int]:
    """Return the share of the 100 points of each given criterion, by the largest remainder method.

    Only proportions matter: doubling every weight changes nothing.
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
    """Split the points of a criterion evenly among its items; the remainder goes to the first alphabetically.

    The order in which the items were given then doesn't matter.
    """
    share, remainder = divmod(points, len(items))
    first = set(sorted(map(fold_text, items))[:remainder])
    return [share + (fold_text(item) in first) for item in items]


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
