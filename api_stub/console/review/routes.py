"""The list of proposals and the page of one; deciding on many at once, and taking a decision back."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import Form, FormRefusedError
from api_stub.console.page import done, render, say
from api_stub.console.review import decisions, texts
from api_stub.console.review.address import AtPlace, Place, read_place
from api_stub.console.review.cards import build_cards, group_days
from api_stub.console.review.pages import render_card
from api_stub.console.review.wording import UNDONE, UNKNOWN_UNDO, language_names, say_refusal, say_undoable
from api_stub.console.session import Approver, Role, Viewer
from db.store.actions.review import proposals, undo
from db.store.campaigns import schedules
from db.store.campaigns.schedules import ScheduleRecord
from db.store.people import accounts, site_checks
from db.store.people.accounts import AccountRecord
from db.store.reports import reviews
from worker.rules.messages.approval import Choice
from worker.rules.model import CampaignKind

PAGE = 20

router = APIRouter(prefix="/review", include_in_schema=False)
router.include_router(decisions.router)
router.include_router(texts.router)


@router.get("")
def show_list(request: Request, viewer: Viewer, place: AtPlace, database: AppDatabase) -> Response:
    """Show the proposals that wait, those that go out first at the top."""
    with database.snapshot() as session:
        undoable = undo.find_undoable(session, by=viewer.name)
        everybody = accounts.list_accounts(session)
        chosen = next((each for each in everybody if each.name == place.account), None)
        if place.account is not None and chosen is None:
            raise UnknownPageError
        found = proposals.list_proposals(session, limit=PAGE, after=place.after, account=place.account)
        left = proposals.count_proposals(session, after=found[-1].id, account=place.account) if found else 0
        return render(
            request,
            viewer,
            "review/list.html",
            days=group_days(build_cards(session, viewer, found)),
            total=proposals.count_proposals(session, account=place.account),
            older=Place(place.account, found[-1].id) if left else None,
            place=place,
            accounts=everybody,
            account=chosen,
            undoable=undoable,
            undo_text=say_undoable(viewer, undoable.choice, undoable.count, undoable.contact)
            if undoable
            else "",
            upcoming=[] if found else _list_upcoming(session, [chosen] if chosen else everybody),
            may_decide=viewer.may(Role.APPROVER),
            languages=language_names(viewer),
        )


@router.get("/{action_id}")
def show_one(
    action_id: UUID, request: Request, viewer: Viewer, place: AtPlace, database: AppDatabase
) -> Response:
    """Show one proposal, or what was decided."""
    with database.snapshot() as session:
        return render_card(request, session, viewer, action_id, place)


@router.post("/many")
def approve_many(request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Approve every proposal that the form lists, each as it was seen; say who was not approved, and why."""
    seen = _read_seen(form.texts("seen"))
    with database.transaction() as session:
        names = reviews.list_names(session, list(seen))
        made = undo.approve(session, seen, by=viewer.name)
        approved = [names[each] for each in seen if each in made.done]
        return render(
            request,
            viewer,
            "review/answer.html",
            approved=approved,
            refused=[
                (each, names.get(each, ""), say_refusal(viewer, decision))
                for each, decision in made.decisions.items()
                if each not in made.done
            ],
            made=made,
            undo_text=say_undoable(viewer, Choice.APPROVED, len(made.done), " ".join(approved)),
            place=read_place(form),
        )


@router.post("/undo")
def take_back(request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Take a decision of this user back."""
    place = read_place(form)
    made_id = next(iter(form.ids("made")), None)
    if made_id is None:
        raise FormRefusedError
    with database.transaction() as session:
        outcomes = undo.take_back(session, made_id, by=viewer.name)
    messages = [say(viewer, UNDONE[each]) for each in dict.fromkeys(outcomes.values())]
    return done(request, viewer, place.path, " ".join(messages) or say(viewer, UNKNOWN_UNDO))


def _read_seen(given: Sequence[str]) -> dict[UUID, str]:
    """Return the hash that was seen of each action. Raises FormRefusedError for anything else."""
    try:
        pairs = [each.split(" ") for each in given]
        return {UUID(action_id): hashed for action_id, hashed in pairs}
    except ValueError:
        raise FormRefusedError from None


def _list_upcoming(
    session: Session, everybody: Sequence[AccountRecord]
) -> Sequence[tuple[ScheduleRecord, bool]]:
    """Return the schedules of birthday campaigns that run, the next one first, and whether each asks."""
    found = []
    for account in everybody:
        asks_anyway = site_checks.is_supervised(session, account.id, account.site)
        found += [
            (each, asks_anyway or bool(each.options.get("approval")))
            for each in schedules.list_schedules(session, account=account.name)
            if each.kind is CampaignKind.BIRTHDAY and each.enabled
        ]
    return sorted(found, key=lambda each: each[0].next_fire_at)
