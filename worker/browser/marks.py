"""Marks: how an element of a site's page is found, in each form that the page is known to have had.

A site changes its pages without notice, and shows several generations of them at once. So an element is not
one selector: a `Mark` lists its forms, the newest first, each with the evidence for it. `find` returns the
first form that is shown, and counts it, so that a form that stops working is noticed.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from playwright.sync_api import Frame, Locator, Page

Scope = Page | Frame | Locator


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a mark.

    `version` is unique in its mark. `selector` is one of Playwright's, which enters open shadow roots but no
    frames. `seen` is the day on which the evidence was collected from the live site.
    """

    version: str
    selector: str
    evidence: str
    seen: date


@dataclass(frozen=True, slots=True)
class Mark:
    """An element of a page, by all its known forms. Raises ValueError if they aren't in order.

    `name` is the page and the element: `birthdays.card`.
    """

    site: str
    name: str
    forms: tuple[Form, ...]

    def __post_init__(self) -> None:
        versions = [form.version for form in self.forms]
        if not versions or len(set(versions)) < len(versions):
            raise ValueError(f"{self.name}: a mark needs forms, each with a version of its own")
        if any(one.seen < other.seen for one, other in pairwise(self.forms)):
            raise ValueError(f"{self.name}: the newest form comes first")


@dataclass(frozen=True, slots=True)
class Found:
    """The elements of a mark that are shown, by the form that matched."""

    mark: Mark
    form: Form
    elements: Locator


@dataclass(frozen=True, slots=True)
class MarkKey:
    """A form of a mark, as it is counted. `version` is None where no form matched."""

    site: str
    mark: str
    version: str | None


class MarkMemory:
    """What matched in this process, and which form of a mark worked best so far."""

    def __init__(self) -> None:
        self._new: Counter[MarkKey] = Counter()
        self._learned: Mapping[MarkKey, int] = {}

    def count(self, mark: Mark, form: Form | None) -> None:
        """Count one look for the mark."""
        self._new[MarkKey(mark.site, mark.name, form.version if form else None)] += 1

    def take(self) -> Counter[MarkKey]:
        """Return what was counted since the last call."""
        taken, self._new = self._new, Counter()
        return taken

    def learn(self, matches: Mapping[MarkKey, int]) -> None:
        """Set how often each form has matched lately, on all workers."""
        self._learned = dict(matches)

    def order(self, mark: Mark) -> list[Form]:
        """Return the forms, those that matched most often first; otherwise in the mark's order."""
        return sorted(
            mark.forms, key=lambda form: -self._learned.get(MarkKey(mark.site, mark.name, form.version), 0)
        )


MEMORY: Final = MarkMemory()
"""The memory of this process."""


def locate(scope: Scope, mark: Mark) -> Locator:
    """Return the shown elements of any form, to wait for. They may belong to several forms."""
    first, *others = (shown(scope, form.selector) for form in mark.forms)
    for other in others:
        first = first.or_(other)
    return first


def find(scope: Scope, mark: Mark) -> Found | None:
    """Return the shown elements of the first form that has any, without waiting; None if no form has.

    Counts the form, or that none matched.
    """
    found = peek(scope, mark)
    MEMORY.count(mark, found.form if found else None)
    return found


def peek(scope: Scope, mark: Mark) -> Found | None:
    """Return what `find` returns, uncounted: for marks whose absence is usual."""
    for form in MEMORY.order(mark):
        elements = shown(scope, form.selector)
        if elements.count():
            return Found(mark, form, elements)
    return None


def shown(scope: Scope, selector: str) -> Locator:
    """Return the elements that the browser shows. Pages hold hidden copies that say something else."""
    return scope.locator(selector).locator("visible=true")
