"""The address of a page of the list: the forms of its cards have it, so that a decision leads back to it."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends

from api_stub.console.forms import PostedForm


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the list, and the card on it that is next. `account` None: those of all accounts."""

    account: str | None = None
    after: UUID | None = None
    next: UUID | None = None

    @property
    def path(self) -> str:
        """Return the address of the page, at the card."""
        given = {"account": self.account, "after": str(self.after) if self.after else None}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return f"/review{'?' if query else ''}{query}{f'#p-{self.next}' if self.next else ''}"


def _read_place(account: str | None = None, after: UUID | None = None, next: UUID | None = None) -> Place:  # noqa: A002 -- the name in addresses
    return Place(account, after, next)


AtPlace = Annotated[Place, Depends(_read_place)]


def read_place(form: PostedForm) -> Place:
    """Return the page that a form came from."""
    return Place(
        form.text("account", most=100) or None,
        next(iter(form.ids("after")), None),
        next(iter(form.ids("next")), None),
    )
