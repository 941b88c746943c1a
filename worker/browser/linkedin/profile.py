"""A profile: open it, and read whose it is and how the account is connected with the person."""

from dataclasses import dataclass
from enum import StrEnum

from worker.browser.linkedin.site_page import SitePage
from worker.rules.identity import PersonKeys


class Connection(StrEnum):
    """How the account is connected with the person, as far as the page proves it."""

    CONNECTED = "connected"
    NOT_CONNECTED = "not_connected"
    PENDING = "pending"
    OWN = "own"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OpenProfile:
    """The top card of the profile that is open. `degree` is the shown one; None where none is shown."""

    keys: PersonKeys
    name: str
    headline: str
    location: str
    degree: int | None
    connection: Connection


def open_profile(site_page: SitePage, address: str) -> OpenProfile:
    """Open the profile at a canonical address, by slug or by member id, and read its top card.

    Raises NeverError(PROFILE_GONE) if there is no such profile, StopAccountError for a wall, or if the page
    names two persons; TryAgainError if the page isn't the expected one.
    """
    raise NotImplementedError
