"""What a template may say of a person beside the name: company, headline, city, years known.

The values come from sites and imports, so each is checked: one that is too long, or holds a line break, a
control or invisible character, an address on the web, or what looks like a field, counts as unknown. It is
never shortened or repaired: a wrong value is worse than the template's default.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

from worker.rules.messages.links import contains_address
from worker.rules.messages.placeholders import find_placeholders
from worker.rules.texts.characters import find_invisible, has_visible_text

LONGEST_COMPANY: Final = 60
LONGEST_HEADLINE: Final = 120
LONGEST_CITY: Final = 40
"""Characters. Longer ones don't read well within a sentence; a headline of LinkedIn may have 220."""

FEWEST_YEARS: Final = 2
"""Below, "years" would be wrong, in many languages also in grammar."""

MOST_YEARS: Final = 99


@dataclass(frozen=True, slots=True)
class PersonalValues:
    """Values for a template's optional fields. "" and 0 mean unknown."""

    company: str = ""
    headline: str = ""
    city: str = ""
    years_known: int = 0

    def known(self) -> dict[str, str | int]:
        """Return the known values by the name of their field."""
        return {name: value for name, value in asdict(self).items() if value}


NOTHING_KNOWN: Final = PersonalValues()


def personal_values(
    profile: Mapping[str, object], *, connected_on: date | None, today: date
) -> PersonalValues:
    """Return what a template may use of a stored profile, on the day `today` of the account."""
    return PersonalValues(
        company=_usable(profile.get("company"), LONGEST_COMPANY),
        headline=_usable(profile.get("headline") or profile.get("position"), LONGEST_HEADLINE),
        city=_usable(_city(profile.get("location")), LONGEST_CITY),
        years_known=_whole_years(connected_on, today),
    )


def _usable(value: object, longest: int) -> str:
    """Return a value as it can stand in a sentence, or "" if it can't."""
    if not isinstance(value, str):
        return ""
    text = unicodedata.normalize("NFC", value.strip())
    unusable = (
        len(text) > longest
        or not has_visible_text(text)
        or find_invisible(text) is not None
        or "\n" in text
        or re.search("[{}<>]", text) is not None
        or contains_address(text)
        or bool(find_placeholders(text))
    )
    return "" if unusable else re.sub(r"\s+", " ", text)


def _city(location: object) -> str:
    """Return the city of a location such as "Lyon, France"; of one without a comma it can't be told."""
    city, comma, _ = location.partition(",") if isinstance(location, str) else ("", "", "")
    return city if comma else ""


def _whole_years(since: date | None, today: date) -> int:
    if since is None:
        return 0
    years = today.year - since.year - ((today.month, today.day) < (since.month, since.day))
    return years if FEWEST_YEARS <= years <= MOST_YEARS else 0
