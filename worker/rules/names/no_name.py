"""Say why a person can't be addressed by a name."""

from collections.abc import Mapping
from typing import Final

from worker.rules.names.spoken_name import NoName

_TEXTS: Final[Mapping[NoName, str]] = {
    NoName.NO_LETTERS: "no word of it can be a name",
    NoName.DIED: "the name says that the person has died",
    NoName.STAND_IN: "the site shows this for a hidden or deleted member",
    NoName.ORGANISATION: "a company or an institution",
    NoName.GROUP: "more than one person",
    NoName.ONLY_TITLES: "only a title or initials",
    NoName.ONLY_FAMILY_NAME: "only a family name",
    NoName.IN_DOUBT: "it isn't certain which word is the given name",
}


def describe_no_name(why: NoName) -> str:
    """Return what is wrong with the display name, in words."""
    return _TEXTS[why]
