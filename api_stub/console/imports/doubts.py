"""Doubts about birthdays: what the file says beside what we have, and a decision for each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import Form, FormRefusedError, PostedForm
from api_stub.console.i18n import load_texts
from api_stub.console.page import choose_account, done, render
from api_stub.console.session import Approver, SignedIn, Viewer
from db.store import audit
from db.store.identity import doubts as identity_doubts
from db.store.imports import birthday_doubts as store
from db.store.imports.birthday_doubts import BirthdayDoubt
from tasks.campaigns import hand_edits
from worker.errors import RequestRefusedError

_PER_PAGE: Final = 10
_MOST_CANDIDATES: Final = 40
"""Candidates and days of one entry: at most twenty contacts, seldom with two days each."""
_MOST_AT_ONCE: Final = 100

DoubtId = Annotated[int, Path(ge=1, lt=2**63)]
_PLACE: Final = re.compile(r"\d{1,18}\.\d{1,18}", re.ASCII)
After = Annotated[str, Query(pattern=r"^([0-9]{1,18}\.[0-9]{1,18})?$")]

router = APIRouter(prefix="/doubts", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file, and the contacts and days that it may mean."""

    doubts: Sequence[BirthdayDoubt]

    @property
    def first(self) -> BirthdayDoubt:
        """The entry's first candidate, for what they have in common."""
        return self.doubts[0]

    @property
    def days(self) -> Sequence[tuple[int, int, int | None]]:
        """The days that the file may mean, each once."""
        return list(dict.fromkeys((each.month, each.day, each.year) for each in self.doubts))

    @property
    def key(self) -> str:
        """Where the entry is."""
        return f"{self.first.import_id}.{self.first.line}"


@router.get("")
def show_doubts(request: Request, viewer: Viewer, database: AppDatabase, after: After = "") -> Response:
    """Show the birthdays that wait for an answer, some entries at a time, and what was answered last."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        name = account.name if account else None
        entries = _read_entries(session, name, after)
        shown = entries[:_PER_PAGE]
        people = identity_doubts.list_people(
            session, {doubt.contact_id for entry in shown for doubt in entry.doubts}
        )
        return render(
            request,
            viewer,
            "doubts/birthdays.html",
            account=account,
            accounts=everybody,
            entries=shown,
            people=people,
            count=store.count_doubts(session, account=name),
            pairs=identity_doubts.count_identity_doubts(session, account.id) if account else 0,
            answered=store.list_answered(session, account=name),
            after=after,
            older=shown[-1].key if len(entries) > _PER_PAGE else "",
        )


@router.post("/{doubt_id}/confirm")
def confirm(
    doubt_id: DoubtId, request: Request, viewer: Approver, database: AppDatabase, form: Form
) -> Response:
    """Write the birthday to the contact; the entry's other candidates and days are refused."""
    _ = load_texts(viewer.locale).gettext
    with database.transaction() as session:
        doubt = _find(session, viewer, doubt_id)
        audit.record_change(session, by=viewer.name, change="doubt.confirm", about=str(doubt_id))
        store.confirm_doubt(session, doubt_id)
    return _go_on(request, viewer, doubt, form, _("The birthday is stored."))


@router.post("/{doubt_id}/refuse")
def refuse(
    doubt_id: DoubtId, request: Request, viewer: Approver, database: AppDatabase, form: Form
) -> Response:
    """Record that this contact or day is not meant."""
    _ = load_texts(viewer.locale).gettext
    with database.transaction() as session:
        doubt = _find(session, viewer, doubt_id)
        audit.record_change(session, by=viewer.name, change="doubt.refuse", about=str(doubt_id))
        store.refuse_doubt(session, doubt_id)
    return _go_on(request, viewer, doubt, form, _("Refused: it is not asked again."))


@router.post("/refuse-all")
def refuse_all(request: Request, viewer: Approver, database: AppDatabase, form: Form) -> Response:
    """Record that nobody whom an entry's page showed is meant."""
    _ = load_texts(viewer.locale).gettext
    ids = _read_ids(form)
    with database.transaction() as session:
        first = _find(session, viewer, ids[0])
        audit.record_change(session, by=viewer.name, change="doubt.refuse", about=" ".join(map(str, ids)))
        for doubt_id in ids:
            store.refuse_doubt(session, doubt_id)
    return _go_on(request, viewer, first, form, _("Refused: it is not asked again."))


@router.post("/{doubt_id}/reopen")
def reopen(
    doubt_id: DoubtId, request: Request, viewer: Approver, database: AppDatabase, _form: Form
) -> Response:
    """Take an answer back; what was planned from it is dropped."""
    _ = load_texts(viewer.locale).gettext
    with database.transaction() as session:
        audit.record_change(session, by=viewer.name, change="doubt.reopen", about=str(doubt_id))
        hand_edits.apply_birthday(session, store.reopen_doubt(session, doubt_id))
        doubt = _find(session, viewer, doubt_id)
    return done(request, viewer, f"/doubts?account={doubt.account}", _("It is asked again."))


@router.get("/unique")
def show_unique(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """Show the birthdays whose day is certain and whose whole name is that of one contact only."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        if account is None:
            raise UnknownPageError
        found = store.list_doubts(session, account=account.name, only_unique=True, limit=_MOST_AT_ONCE)
        return render(
            request,
            viewer,
            "doubts/unique.html",
            account=account,
            accounts=everybody,
            doubts=found,
            most=_MOST_AT_ONCE,
        )


@router.post("/unique")
def confirm_unique(request: Request, viewer: Approver, database: AppDatabase, form: Form) -> Response:
    """Confirm those that the page showed and that are still the only one of their name."""
    texts = load_texts(viewer.locale)
    ids = _read_ids(form)
    with database.transaction() as session:
        found = store.list_doubts(session, ids=ids, only_unique=True, limit=None)
        audit.record_change(session, by=viewer.name, change="doubt.confirm-unique", about=str(len(found)))
        for doubt in found:
            store.confirm_doubt(session, doubt.id)
    text = texts.ngettext("%(num)d birthday is stored.", "%(num)d birthdays are stored.", len(found))
    return done(request, viewer, f"/doubts{_of_account(request)}", text % {"num": len(found)})


def _read_entries(session: Session, account: str | None, after: str) -> Sequence[Entry]:
    """Return one entry more than a page shows, if there is one."""
    place = tuple(int(part) for part in after.split(".")) if after else None
    rows = store.list_doubts(
        session,
        account=account,
        after=(place[0], place[1]) if place else None,
        limit=(_PER_PAGE + 1) * _MOST_CANDIDATES,
    )
    grouped = groupby(rows, key=lambda doubt: (doubt.import_id, doubt.line))
    return [Entry(list(doubts)) for _, doubts in grouped][: _PER_PAGE + 1]


def _find(session: Session, viewer: SignedIn, doubt_id: int) -> BirthdayDoubt:
    """Return an open doubt. Raises RequestRefusedError if it isn't, as when it was answered meanwhile."""
    found = store.list_doubts(session, ids=[doubt_id])
    if not found:
        _ = load_texts(viewer.locale).gettext
        raise RequestRefusedError(_("This was answered already, or it is not asked any more."))
    return found[0]


def _read_ids(form: PostedForm) -> Sequence[int]:
    given = form.texts("doubt")
    if not 0 < len(given) <= _MOST_AT_ONCE or not all(each.isdecimal() and len(each) < 19 for each in given):
        raise FormRefusedError("doubt")
    return [int(each) for each in given]


def _go_on(
    request: Request, viewer: SignedIn, doubt: BirthdayDoubt, form: PostedForm, message: str
) -> Response:
    """Go back to the page on which the next doubt now stands."""
    after = form.text("after")
    back = f"&after={after}" if _PLACE.fullmatch(after) else ""
    return done(request, viewer, f"/doubts?account={doubt.account}{back}", message)


def _of_account(request: Request) -> str:
    name = request.query_params.get("account")
    return f"?account={name}" if name and name.replace("-", "").replace("_", "").isalnum() else ""
