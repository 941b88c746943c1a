"""The people whom members have invited: fictional, and the same at every first start.

Only the dates depend on the day of the first start.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Invitee:
    """An invited person without connections. Two of them have the same name."""

    slug: str
    name: str
    headline: str


_INVITEES = (
    Invitee("ines-costa-11", "Inês Costa", "Cartographer"),
    Invitee("ines-costa-84", "Inês Costa", "Customs broker"),
    Invitee("bjorn-aasen", "Bjørn Aasen", "Ferry captain"),
    Invitee("priya-raman", "Priya Raman, PMP", "Programme manager"),
    Invitee("tomasz-zielinski", "Tomasz Zieliński", "Glass blower"),
    Invitee("amina-diallo", "Amina Diallo", "Solar installer"),
    Invitee("dr-john-miller", "Dr. John O'Miller", "Soil scientist"),
    Invitee("chen-yu", "陈宇", "Violin maker"),
    Invitee("leila-nasser", "ليلى ناصر", "Bookbinder"),
    Invitee("sven", "Sven 🚲", "Courier"),
    Invitee("marguerite-petit", "Marguerite Petit", "Documentaliste"),
    Invitee("kofi-mensah", "Kofi Mensah", "Radio engineer"),
)

_DAYS_AGO: Mapping[str, tuple[int, ...]] = {
    "demo": (1, 2, 6, 9, 13, 24, 29, 31, 65, 95, 130, 200),
    "demo2": (1, 3, 8, 20, 33, 64, 150, 181),
}

INVITEES: Mapping[str, Invitee] = {guest.slug: guest for guest in _INVITEES}


def generate_invitations(today: date) -> Iterator[tuple[str, str, date]]:
    """Yield member, slug and date of each invitation."""
    for member, days_ago in _DAYS_AGO.items():
        for guest, days in zip(_INVITEES, days_ago, strict=False):
            yield member, guest.slug, today - timedelta(days=days)
