"""Each mark-up in each language: every mark-up and both languages in CI, every pair in the soak."""

from typing import Final

import pytest

from api_stub.sandbox.faults import MARKUPS

MEMBERS: Final = ("demo", "demo2")
"""One reads English, the other French."""

ways = pytest.mark.parametrize(
    ("markup", "member"),
    [
        pytest.param(markup, member, marks=[pytest.mark.soak] if (row + column) % 2 else [])
        for row, markup in enumerate(MARKUPS)
        for column, member in enumerate(MEMBERS)
    ],
)
