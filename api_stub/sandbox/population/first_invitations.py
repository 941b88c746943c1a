"""Whom the members of the practice network have invited: invented, and the same at every first start.

Only the days depend on the day of that start.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who is no connection of anybody's, and has not answered. Two of them have one name."""

    slug: str
    name: str
    headline: str


_GUESTS = (
    Guest("ines-costa-11", "Inês Costa", "Cartographer"),
    Guest("ines-costa-84", "Inês Costa", "Customs broker"),
    Guest("bjorn-aasen", "Bjørn Aasen", "Ferry captain"),
    Guest("priya-raman", "Priya Raman, PMP", "Programme manager"),
    Guest("tomasz-zielinski", "Tomasz Zieliński", "Glass blower"),
    Guest("amina-diallo", "Amina Diallo", "Solar installer"),
    Guest("dr-john-miller", "Dr. John O'Miller", "Soil scientist"),
    Guest("chen-yu", "陈宇", "Violin maker"),
    Guest("leila-nasser", "ليلى ناصر", "Bookbinder"),
    Guest("sven", "Sven 🚲", "Courier"),
    Guest("marguerite-petit", "Marguerite Petit", "Documentaliste"),
    Guest("kofi-mensah", "Kofi Mensah", "Radio engineer"),
)

_DAYS_AGO: Mapping[str, tuple[int, ...]] = {
    "demo": (1, 2, 6, 9, 13, 24, 29, 31, 65, 95, 130, 200),
    "demo2": (1, 3, 8, 20, 33, 64, 150, 181),
}

GUESTS: Mapping[str, Guest] = {guest.slug: guest for guest in _GUESTS}


def first_invitations(today: date) -> Iterator[tuple[str, str, date]]:
    """Member, slug and day of each invitation."""
    for member, days_ago in _DAYS_AGO.items():
        for guest, days in zip(_GUESTS, days_ago, strict=False):
            yield member, guest.slug, today - timedelta(days=days)
