"""Who is signed in, as a dependency of the pages, and what each role may do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from api_stub.console.keys import FormTokens
from worker.rules.console.users import Role

__all__ = ("Approver", "NotAllowedError", "Owner", "Role", "SignedIn", "Viewer")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The user of a session. Every form holds a token of `tokens`."""

    name: str
    role: Role
    locale: str
    tokens: FormTokens = field(repr=False)
    session_id: UUID

    def may(self, role: Role) -> bool:
        """Return whether the user's role includes this one."""
        return self.role.includes(role)


class NotAllowedError(Exception):
    """The user's role doesn't allow this."""

    def __init__(self, needed: Role) -> None:
        super().__init__(needed)
        self.needed = needed


def find_signed_in(request: Request) -> SignedIn | None:
    """Return who has signed in; None on a page for those who haven't."""
    signed_in: SignedIn | None = request.scope["state"].get("signed_in")  # set by the guard
    return signed_in


def find_session_id(request: Request) -> UUID | None:
    """Return the session that the browser has, or None."""
    signed_in = find_signed_in(request)
    return None if signed_in is None else signed_in.session_id


def _require(role: Role) -> Callable[[Request], SignedIn]:
    def find(request: Request) -> SignedIn:
        signed_in = find_signed_in(request)
        if signed_in is None or not signed_in.may(role):
            raise NotAllowedError(role)
        return signed_in

    return find


Viewer = Annotated[SignedIn, Depends(_require(Role.VIEWER))]
Approver = Annotated[SignedIn, Depends(_require(Role.APPROVER))]
Owner = Annotated[SignedIn, Depends(_require(Role.OWNER))]
