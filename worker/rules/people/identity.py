"""The keys of a person on a site, and whether two sets of keys are of one person.

A slug is an address: its owner may change it, and another member may take it over. A member id never changes
and is never given to somebody else, so where both sides have one, it decides. Ids are case-sensitive.
"""

from dataclasses import dataclass
from enum import StrEnum


class Match(StrEnum):
    """What two sets of keys say about each other."""

    SAME = "same"
    OTHER = "other"
    MOVED = "moved"
    """The address is the same, but it belongs to another member id."""


@dataclass(frozen=True, slots=True)
class PersonKeys:
    """The normalised addresses of one person: `profile_url` by slug, `member_url` by member id."""

    profile_url: str | None
    member_url: str | None

    @classmethod
    def of(cls, address: str, member_url: str | None) -> "PersonKeys":
        """Return the keys of a stored person or of a link, whose address may be the one by member id."""
        return cls(None if address == member_url else address, member_url)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Both addresses, as far as they are known."""
        return tuple(filter(None, (self.profile_url, self.member_url)))


def compare_keys(stored: PersonKeys, shown: PersonKeys) -> Match:
    """Return whether `shown` is the stored person. Without a common kind of key nothing proves it: OTHER."""
    same_slug = stored.profile_url is not None and stored.profile_url == shown.profile_url
    if stored.member_url and shown.member_url:
        if stored.member_url == shown.member_url:
            return Match.SAME
        return Match.MOVED if same_slug else Match.OTHER
    return Match.SAME if same_slug else Match.OTHER
