"""The pages behind a link to approve with. They work without scripts; only a press changes anything.

The token in the address stands for the key. What a press approves is what its page showed: the page lists its
actions in a form, sealed with a key that only the token gives.
"""

import hmac
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Annotated, Final
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.http.approve_pages import render_answer, render_closed, render_proposals
from api_stub.throttle import Throttle
from db.store.actions.review import approval, approval_links
from db.store.actions.review.approval import DecisionOutcome
from db.store.actions.review.approval_links import LinkRecord, LinkState
from worker import logs

MAX_UNKNOWN_LINKS: Final = 30
"""Unknown links in a minute that get 404; further ones get 429. A token has 256 bits: nobody guesses one."""
_MOST_FIELDS: Final = 300

log = logs.get_logger(__name__)

Form = Mapping[str, list[str]]


async def _read_form(request: Request) -> Form:
    try:
        return parse_qs((await request.body()).decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}


router = APIRouter(prefix="/approve", include_in_schema=False)


@router.api_route("/{token}", methods=["GET", "HEAD"])
def show(token: str, request: Request, database: AppDatabase, settings: AppSettings) -> Response:
    """Show recipient and text of what the link may approve. Changes nothing."""
    with database.snapshot() as session:
        link = approval_links.find_link(session, token) if settings.public_url else None
        if link is None or link.state is not LinkState.OPEN:
            return _refuse(request, link)
        proposals = approval.list_seen(session, link.seen)
        shown = [each.id for each in proposals if each.refusal is None]
        return render_proposals(link, proposals, seal=_seal(token, shown))


@router.post("/{token}")
def press(
    token: str,
    request: Request,
    form: Annotated[Form, Depends(_read_form)],
    database: AppDatabase,
    settings: AppSettings,
) -> Response:
    """Approve what the page showed, or leave one person out."""
    with database.transaction() as session:
        link = approval_links.find_link(session, token, lock=True) if settings.public_url else None
        if link is None or link.state is not LinkState.OPEN:
            return _refuse(request, link)
        shown = _read_shown(token, form, link)
        if shown is None:
            return render_closed(400)
        if "drop" in form:
            return _drop(session, link, token, shown, form["drop"][0])
        if "approve" not in form:
            return render_closed(400)
        decisions = approval_links.approve(session, link, shown)
        names = {each.id: each.contact for each in approval.list_seen(session, link.seen)}
    approved = [action_id for action_id, each in decisions.items() if each.outcome is DecisionOutcome.DONE]
    log.info("approved_by_link", target=link.target, account=link.account, approved=len(approved))
    return render_answer(
        [names[action_id] for action_id in approved],
        [
            (names.get(action_id, "(gone)"), approval.describe_refusal(decision))
            for action_id, decision in decisions.items()
            if action_id not in approved
        ],
    )


def _drop(session: Session, link: LinkRecord, token: str, shown: Collection[UUID], given: str) -> Response:
    chosen = next((action_id for action_id in shown if str(action_id) == given), None)
    if chosen is None:
        return render_closed(400)
    approval_links.drop(session, link, chosen)
    # Relative, because a proxy may serve this below a path of its own.
    return Response(status_code=303, headers={"Location": token})


def _read_shown(token: str, form: Form, link: LinkRecord) -> list[UUID] | None:
    """Return the actions that the page listed, or None if this isn't the form of a page of this link."""
    listed = form.get("action", [])
    shown = [action_id for action_id in link.seen if str(action_id) in listed]
    is_whole = len(shown) == len(listed) and bool(shown)
    given = form.get("seal", [""])[0]
    return shown if is_whole and hmac.compare_digest(given.encode(), _seal(token, shown).encode()) else None


def _seal(token: str, shown: Collection[UUID]) -> str:
    listed = " ".join(sorted(map(str, shown)))
    return hmac.new(token.encode(errors="replace"), listed.encode(), sha256).hexdigest()


def _refuse(request: Request, link: LinkRecord | None) -> Response:
    """Return the page of a link that opens nothing: the same for each that was one, whatever ended it."""
    if link is not None:
        return render_closed(410)
    throttle: Throttle = request.app.state.unknown_links
    address = request.client.host if request.client else ""
    wait_s = throttle.count(address, event="unknown_links")
    return render_closed(429, {"Retry-After": str(wait_s)}) if wait_s else render_closed(404)
