"""What all lists have."""

from typing import Final

from worker.browser.linkedin.words import list_words

_TEXTS: Final = "|".join(list_words("load_more", None))
MORE_WORDS: Final = f":is(button, [role=button]):text-matches('^\\\\s*({_TEXTS})\\\\s*$', 'i')"
"""A button that says "load more" in any language. Playwright reads the pattern from a quoted string."""
