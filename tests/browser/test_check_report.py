"""What follows from a page's marks and cross-checks: ok only if all agree, drift before unknown."""

import pytest

from worker.browser.check_report import (
    CrossCheck,
    Fact,
    FormCount,
    MarkReport,
    PageReport,
    Place,
    Sight,
    count_cross_check,
    judge,
    list_facts,
)
from worker.errors import Reason
from worker.rules.sites.capabilities import Capability, Verdict

SEARCH = frozenset({Capability.SEARCH})
COMPOSER = frozenset({Capability.COMPOSER})
SHOWN = FormCount("new", 2, 1, Place.PAGE)
HIDDEN = FormCount("old", 0, 3, Place.SHADOW_ROOT)


def mark(name: str, *forms: FormCount, needed: bool = True) -> MarkReport:
    return MarkReport(name, forms, SEARCH if needed else frozenset())


def check(verdict: Verdict) -> CrossCheck:
    return CrossCheck(f"check.{verdict}", verdict, "1 of 1", SEARCH)


def page(*parts: MarkReport | CrossCheck, trouble: Reason | None = None) -> PageReport:
    return PageReport(
        "search", "/search/", SEARCH, front_end="sdui", language="en", trouble=trouble,
        marks=tuple(each for each in parts if isinstance(each, MarkReport)),
        checks=tuple(each for each in parts if isinstance(each, CrossCheck)),
    )  # fmt: skip


GOOD = mark("row", SHOWN)
VERDICTS = [
    # the page, the verdict, what decided it
    (page(GOOD, check(Verdict.OK)), Verdict.OK, None),
    (page(check(Verdict.OK)), Verdict.OK, None),
    (page(GOOD), Verdict.OK, None),
    (page(mark("row")), Verdict.DRIFT, "row"),
    (page(mark("row", HIDDEN)), Verdict.DRIFT, "row"),
    (page(mark("row", HIDDEN, SHOWN)), Verdict.OK, None),
    (page(GOOD, mark("bonus", needed=False)), Verdict.OK, None),
    (page(GOOD, check(Verdict.DRIFT)), Verdict.DRIFT, "check.drift"),
    (page(GOOD, check(Verdict.UNKNOWN)), Verdict.UNKNOWN, "check.unknown"),
    (page(mark("row"), check(Verdict.UNKNOWN)), Verdict.DRIFT, "row"),
    (page(GOOD, check(Verdict.UNKNOWN), check(Verdict.DRIFT)), Verdict.DRIFT, "check.drift"),
    (page(), Verdict.UNKNOWN, "search: no evidence"),
    (page(trouble=Reason.CHALLENGE), Verdict.UNKNOWN, "challenge"),
    (page(trouble=Reason.SITE_UNREACHABLE), Verdict.UNKNOWN, "site_unreachable"),
    (page(GOOD, check(Verdict.OK), trouble=Reason.LIMIT_PAGE), Verdict.UNKNOWN, "limit_page"),
    (page(trouble=Reason.SITE_CHANGED), Verdict.DRIFT, "site_changed"),
    (page(GOOD, mark("list"), trouble=Reason.SITE_UNEXPECTED), Verdict.DRIFT, "list"),
]


@pytest.mark.parametrize(("seen", "verdict", "because"), VERDICTS)
def test_a_verdict_is_ok_only_if_marks_and_cross_checks_agree(
    seen: PageReport, verdict: Verdict, because: str | None
) -> None:
    (found,) = judge([seen])
    assert (found.capability, found.verdict, found.because) == (Capability.SEARCH, verdict, because)
    assert (found.front_end, found.language) == ("sdui", "en")


def test_another_page_may_contradict_but_only_the_page_that_speaks_may_confirm() -> None:
    contradicts = CrossCheck("profile.id", Verdict.DRIFT, "no", COMPOSER)
    profile = PageReport("profile", "/in/a/", SEARCH, marks=(GOOD,), checks=(contradicts,))
    assert [each.capability for each in judge([profile])] == [Capability.SEARCH]
    found = MarkReport("composer", (SHOWN,), COMPOSER)
    compose = PageReport("compose", "/c/", COMPOSER, marks=(found,))
    assert {each.capability: each.because for each in judge([profile, compose])} == {
        Capability.SEARCH: None,
        Capability.COMPOSER: "profile.id",
    }


def test_a_mark_is_told_by_its_newest_shown_form() -> None:
    both = mark("row", HIDDEN, SHOWN)
    assert (both.sight, both.found) == (Sight.SHOWN, SHOWN)
    assert (mark("row", HIDDEN).sight, mark("row", HIDDEN).found) == (Sight.HIDDEN, HIDDEN)
    assert (mark("row").sight, mark("row").found) == (Sight.MISSING, None)


@pytest.mark.parametrize(
    ("good", "total", "least", "verdict"),
    [
        (3, 3, 1, Verdict.OK), (2, 3, 1, Verdict.DRIFT), (0, 0, 1, Verdict.UNKNOWN), (0, 0, 0, Verdict.OK),
        (4, 3, 1, Verdict.DRIFT),
    ],
)  # fmt: skip
def test_a_count_agrees_wholly_or_not_at_all(good: int, total: int, least: int, verdict: Verdict) -> None:
    assert count_cross_check("x", good, total, SEARCH, least=least).verdict is verdict


def test_each_fact_is_told_once() -> None:
    one = PageReport("a", "/", SEARCH, facts=(Fact.ENTER_SENDS, Fact.OPEN_OVERLAYS))
    two = PageReport("b", "/", SEARCH, facts=(Fact.OPEN_OVERLAYS,))
    assert list_facts([one, two]) == (Fact.ENTER_SENDS, Fact.OPEN_OVERLAYS)
