"""The golden previews: messages for 60 difficult names in four languages."""

import re

from db import defaults
from tests.rules.golden import NAMES, PREVIEWS, previews


def test_awkward_names_read_as_they_did_when_a_person_looked_at_them() -> None:
    assert previews() == PREVIEWS.read_text(encoding="utf-8"), "see tests/rules/golden.py"


def test_they_are_sixty_and_every_default_is_among_them() -> None:
    assert len(set(NAMES)) >= 60
    seen = PREVIEWS.read_text(encoding="utf-8").replace("\\u202f", "\u202f").replace("\\u00a0", "\u00a0")
    for default in defaults.GREETINGS:
        longest = max(re.split("{{.*?}}", default.body), key=len)
        assert longest in seen, default.key
