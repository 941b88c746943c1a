"""Read the form of a request: bounded, decoded, and with the token of its session."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Final
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import Depends, Request

from api_stub.console.session import SignedIn, Viewer

CSRF_FIELD: Final = "csrf"
_MOST_FIELDS: Final = 4_000
"""A day's proposals, each with its hash, are the longest form."""


class FormRefusedError(Exception):
    """The form didn't come from a page of this session, or can't be read."""


class PostedForm:
    """The fields of a form."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def text(self, name: str, *, most: int = 500) -> str:
        """Return a field without blanks around it, "" if it is missing.

        Raises FormRefusedError if it has more than `most` characters, or a null, which no browser types and
        Postgres can't store.
        """
        given = self._fields.get(name, ("",))[0].replace("\r\n", "\n").strip()
        if len(given) > most or "\0" in given:
            raise FormRefusedError(name)
        return given

    def day(self, name: str) -> date | None:
        """Return a day, or None if the field holds none."""
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            return None

    def texts(self, name: str) -> Sequence[str]:
        """Return every value of a field."""
        return self._fields.get(name, ())

    def flag(self, name: str) -> bool:
        """Return whether a box is ticked or a button was pressed."""
        return name in self._fields

    def ids(self, name: str) -> Sequence[UUID]:
        """Return the ids in a field. Raises FormRefusedError for one that isn't an id."""
        try:
            return [UUID(given) for given in self.texts(name)]
        except ValueError:
            raise FormRefusedError(name) from None


async def _read_form(request: Request, viewer: Viewer) -> PostedForm:
    try:
        given = (await request.body()).decode()
        form = PostedForm(parse_qs(given, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise FormRefusedError from None
    check_token(viewer, form.text(CSRF_FIELD))
    return form


def check_token(viewer: SignedIn, given: str) -> None:
    """Raise FormRefusedError unless this is the token of the viewer's session."""
    if not viewer.tokens.accepts(given):
        raise FormRefusedError(CSRF_FIELD)


Form = Annotated[PostedForm, Depends(_read_form)]
