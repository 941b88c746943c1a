"""What the pages of people say, in the viewer's language."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from babel import dates

from api_stub.console.i18n import FORMATS
from api_stub.console.page import say
from api_stub.console.session import SignedIn
from worker.rules.names.hand_edits import EditFault
from worker.rules.names.spoken_name import NoName


def _(text: str) -> str:
    """Mark a text for the catalogue; `say` translates it."""
    return text


HELD: Final = _("%(name)s is on hold until %(day)s.")
RELEASED: Final = _("%(name)s is no longer on hold.")
NEVER: Final = _("%(name)s is never contacted again; actions planned for this person are skipped.")
ALLOWED: Final = _("%(name)s may be contacted again; what was skipped meanwhile stays skipped.")
EDITED: Final = _("%(name)s: changed.")
FORGOTTEN: Final = _("The person was forgotten. Nothing adds them again.")
AFTER_TODAY: Final = _("Choose a day after today.")
NOT_YES: Final = _("Type yes, in small letters, if this person asked for it.")

_FAULTS: Final[Mapping[EditFault, str]] = {
    EditFault.NO_DATE: _("Write month-day or year-month-day, such as 3-14 or 1980-03-14."),
    EditFault.NO_SUCH_DAY: _("There is no such day: write month-day, such as 3-14."),
    EditFault.YEAR: _("The year must lie between 1900 and today."),
    EditFault.INVISIBLE: _("There is a control or invisible character in it."),
    EditFault.NO_LETTER: _("There is no letter in it."),
    EditFault.TOO_LONG: _("A name has at most 40 characters."),
    EditFault.BRACKET: _("A bracket or a percent sign would look like a placeholder."),
    EditFault.LANGUAGE: _("Write a language in two letters, such as fr."),
    EditFault.REASON: _("A reason has at most 200 characters, and no control or invisible ones."),
}

_NO_NAMES: Final[Mapping[NoName, str]] = {
    NoName.NO_LETTERS: _("no word of the name can be one"),
    NoName.DIED: _("the name says that the person has died"),
    NoName.STAND_IN: _("the site shows this for a hidden or deleted member"),
    NoName.ORGANISATION: _("a company or an institution"),
    NoName.GROUP: _("more than one person"),
    NoName.ONLY_TITLES: _("only a title or initials"),
    NoName.ONLY_FAMILY_NAME: _("only a family name"),
    NoName.IN_DOUBT: _("it isn't certain which word is the given name"),
}


def say_no_name(viewer: SignedIn, why: NoName) -> str:
    """Return why no name is certain."""
    return say(viewer, _NO_NAMES[why])


def say_fault(viewer: SignedIn, fault: EditFault) -> str:
    """Return what is wrong with a value that was typed, and what is wanted."""
    return say(viewer, _FAULTS[fault])


def format_day(viewer: SignedIn, on: date) -> str:
    """Return a day with its year."""
    shown: str = dates.format_date(on, "long", locale=FORMATS[viewer.locale])
    return shown
