"""The list of people: searched as one types, filtered and sorted; its address holds what is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.page import choose_account, render
from api_stub.console.session import Viewer
from db.store.people.people_filters import (
    NO_LANGUAGE,
    SITE,
    BirthdayFilter,
    ContactFilter,
    GreetedFilter,
    NameFilter,
    PeopleFilters,
    PeopleOrder,
)
from db.store.people.search import MOST_COUNTED
from db.store.reports.contacts import people_list
from worker.rules.languages import is_known_language
from worker.rules.model import ContactStatus, ImportSource

router = APIRouter(prefix="/people", include_in_schema=False)

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What an address of the list asks for; unknown values of filters mean none."""

    given: Mapping[str, str]
    text: str
    filters: PeopleFilters
    order: PeopleOrder
    after: int | None

    def address(self, **changed: str | int | None) -> str:
        """Return the address of this list with other values; without those that are empty."""
        values = {**self.given, **changed}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/people{'?' if query else ''}{query}"

    @property
    def has_filters(self) -> bool:
        """Whether a filter or another order is chosen."""
        return self.filters != PeopleFilters() or self.order is not PeopleOrder.NAME

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is searched or filtered."""
        return bool(self.text) or self.filters != PeopleFilters()


def read_list_request(request: Request) -> ListRequest:
    """Return what the address asks for."""
    asked = {name: value[:200] for name, value in request.query_params.items()}
    source, language = asked.get("source", ""), asked.get("language", "")
    filters = PeopleFilters(
        birthday=_choice(BirthdayFilter, asked.get("birthday")),
        contact=_choice(ContactFilter, asked.get("contact")),
        status=_choice(ContactStatus, asked.get("status")),
        greeted=_choice(GreetedFilter, asked.get("greeted")),
        name=_choice(NameFilter, asked.get("name")),
        source=source if source == SITE or source in set(ImportSource) else None,
        language=language if language == NO_LANGUAGE or is_known_language(language) else None,
        doubts=bool(asked.get("doubts")),
    )
    after = asked.get("after", "")
    return ListRequest(
        given={name: asked.get(name, "") for name in _KEPT},
        text=asked.get("q", "").strip(),
        filters=filters,
        order=_choice(PeopleOrder, asked.get("sort")) or PeopleOrder.NAME,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None,
    )


_KEPT = (
    "account",
    "q",
    "birthday",
    "contact",
    "status",
    "greeted",
    "name",
    "source",
    "language",
    "doubts",
    "sort",
)
"""The parameters that lead from page to page, in the order of the form."""


def _choice(choices: type[Choice], given: str | None) -> Choice | None:
    return choices(given) if given in set(choices) else None


@router.get("")
def show_people(
    request: Request,
    viewer: Viewer,
    database: AppDatabase,
    asked: Annotated[ListRequest, Depends(read_list_request)],
) -> Response:
    """Show a page of an account's people."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        page = account and people_list.list_people(
            session, account, asked.text, asked.filters, order=asked.order, after=asked.after
        )
        return render(
            request,
            viewer,
            "people/list.html",
            wide=True,
            account=account,
            accounts=everybody,
            page=page,
            asked=asked,
            most=MOST_COUNTED,
        )
