"""Compose a message: what a person reads, what a webhook gets, and the pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from db.store.notices.deliveries import EventRecord, MessageClaim
from db.store.reports.screenshots import find_subject
from tasks.notices.approve_urls import LinkMaker
from tasks.notices.digests import DIGESTS, build_digest
from worker.notices.html import render_html
from worker.notices.protocol import Message
from worker.notices.webhook_body import WebhookBody, WebhookEvent
from worker.rules.notices.page import paragraphs
from worker.rules.notices.texts import Notice, make_notice, render_group
from worker.rules.wording.hints import PROGRAM
from worker.screenshots import list_screenshots

MAYBE_TWICE: Final = "You may have had this message already: it could not be seen whether it arrived."
_MOST_PICTURES: Final = 3


def compose_message(
    session: Session,
    claim: MessageClaim,
    *,
    evidence_dir: Path,
    links: LinkMaker,
    program: str = PROGRAM,
) -> Message:
    """Return the message of these events. `links` are to be stored before it is sent.

    `program` is what a person types to start Rapport here.
    """
    notice = _write_notice(session, claim, links, program)
    pictures = _find_pictures(session, claim, evidence_dir) if claim.with_screenshots else ()
    return _compose(claim, notice, [*islice(pictures, _MOST_PICTURES)])


def compose_without_text(claim: MessageClaim) -> Message:
    """Return a message that only names the events, for when their texts can't be written."""
    kinds = ", ".join(sorted({each.kind.replace("_", " ") for each in claim.events}))
    says = paragraphs(
        f"{len(claim.events)} events of these kinds: {kinds}.",
        "An error in Rapport kept their texts from being written; the notifier's log says which. "
        "`rapport notify log` lists the events.",
    )
    first = claim.events[0].kind
    return _compose(claim, make_notice(first, f"Rapport: {kinds}", [says]), [])


def _write_notice(session: Session, claim: MessageClaim, links: LinkMaker, program: str) -> Notice:
    first = claim.events[0]
    if first.kind in DIGESTS and first.account_id is not None:  # it is a message of its own
        on = date.fromisoformat(str(first.payload["on"]))
        return build_digest(
            session,
            first.kind,
            first.account_id,
            on,
            with_texts=claim.with_texts,
            program=program,
            approve_urls=links.approve_urls(first.account_id),
        )
    return render_group([(each.kind, each.payload) for each in claim.events], program=program)


def _compose(claim: MessageClaim, notice: Notice, pictures: Sequence[Path]) -> Message:
    if claim.maybe_twice:
        notice = replace(
            notice,
            body=f"{MAYBE_TWICE}\n\n{notice.body}",
            sections=(paragraphs(MAYBE_TWICE), *notice.sections),
        )
    body = WebhookBody(
        id=claim.id,
        timestamp=claim.since,
        title=notice.title,
        text=notice.body,
        urgency=notice.urgency,
        maybe_twice=claim.maybe_twice,
        events=[
            WebhookEvent(id=each.id, kind=each.kind, at=each.at, account=each.account, data={**each.payload})
            for each in claim.events
        ],
    )
    return Message(
        id=str(claim.id),
        title=notice.title,
        text=notice.body,
        html=render_html(notice),
        payload=body.model_dump_json(),
        screenshots=pictures,
    )


def _find_pictures(session: Session, claim: MessageClaim, evidence_dir: Path) -> Iterator[Path]:
    """Yield the latest picture of the page that each event is about, if it is on this machine."""
    for event in claim.events:
        if (picture := _find_picture(session, event, evidence_dir)) is not None:
            yield picture


def _find_picture(session: Session, event: EventRecord, evidence_dir: Path) -> Path | None:
    action_id = event.payload.get("action")
    if event.account_id is None or not isinstance(action_id, str):
        return None
    found = find_subject(session, event.account_id, action_id)
    if found is None:
        return None
    subject, kind = found
    pictures = list_screenshots(evidence_dir, event.account_id, subject, kind)
    return pictures[-1] if pictures else None
