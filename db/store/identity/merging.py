"""Merge two contacts of an account that are one person: history, plans and what is known go to the older one.

The other becomes an empty row, as after erasure, so that a worker or a planner that still refers to it does
nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import inspect, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.actions.contact_changes import merging as action_merging
from db.store.actions.contact_changes import readdress
from db.store.actions.events import lock_audit_head
from db.store.privacy.personal_columns import EMPTIED
from db.tables import (
    Action,
    Contact,
    Exclusion,
    IdentityChange,
    ImportDoubt,
)
from worker import logs
from worker.rules.lifecycle import END_STATES, IN_FLIGHT
from worker.rules.people.merging import merge_values

log = logs.get_logger(__name__)


def merge_contacts(session: Session, one: int, other: int, *, by: str, holding: UUID | None = None) -> bool:
    """Merge two contacts of one account, whichever comes first; return False, and change nothing, if busy.

    Busy means that a worker holds an action of one of them, except `holding`, the caller's own, or that a row
    is locked. Of two actions for the same occasion one remains; the other ends as `merged`. A claimed one
    that loses stays with the empty contact: the caller ends it. Merging them again changes nothing.
    """
    keep_id, gone_id = sorted((one, other))
    _lock_audit_heads(session, (keep_id, gone_id))
    try:
        with session.begin_nested():
            locked = _lock(session, (keep_id, gone_id), holding)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            return False
        raise
    if locked is None:
        return False
    keep, gone, actions = locked
    if keep.forgotten_at is not None or gone.forgotten_at is not None or keep.id == gone.id:
        return False
    action_merging.merge_actions(session, keep.id, gone.id, actions)
    _move_history(session, keep.id, gone.id)
    _merge_rows(session, keep, gone, by=by)
    readdress.wake_actions(session, [keep.id])
    log.info("contacts_merged", contact=keep.id, merged=gone.id)
    return True


def _lock_audit_heads(session: Session, ids: Sequence[int]) -> None:
    """Lock the end of the account's chain before any other row, if an action may have to change its state."""
    is_open = Action.contact_id.in_(ids), Action.state.not_in(END_STATES)
    account_id = session.scalar(select(Action.account_id).where(*is_open).limit(1))
    if account_id is not None:
        lock_audit_head(session, account_id)


def _lock(
    session: Session, ids: Sequence[int], holding: UUID | None
) -> tuple[Contact, Contact, Sequence[Action]] | None:
    """Lock both contacts and their actions; None if a worker has one of the actions."""
    fresh = {"populate_existing": True}
    contacts = session.scalars(
        select(Contact)
        .where(Contact.id.in_(ids))
        .order_by(Contact.id)
        .with_for_update(nowait=True)
        .execution_options(**fresh)
    ).all()
    actions = session.scalars(
        select(Action)
        .where(Action.contact_id.in_(ids))
        .order_by(Action.id)
        .with_for_update(nowait=True)
        .execution_options(**fresh)
    ).all()
    held = (a for a in actions if a.state in IN_FLIGHT or a.lease_until is not None)
    if len(contacts) != len(set(ids)) or any(action.id != holding for action in held):
        return None
    return contacts[0], contacts[-1], actions


def _move_history(session: Session, keep: int, gone: int) -> None:
    """Move what happened, what was read and what waits for a person; drop what the other has as well."""
    for statement in load_query("merge_history").text.split(";\n"):
        session.execute(text(statement), {"keep": keep, "gone": gone})


def _merge_rows(session: Session, keep: Contact, gone: Contact, *, by: str) -> None:
    older, newer = _values(keep), _values(gone)
    merged = merge_values(older, newer)
    slugs = [row.profile_url for row in (keep, gone) if row.profile_url != row.member_url]
    ids = [row.member_url for row in (keep, gone) if row.member_url is not None]
    address, member = [*slugs, keep.profile_url][0], next(iter(ids), None)
    moved = next((row.moved_to for row in (keep, gone) if row.moved_to not in {None, member}), None)
    doubtful_import = keep.import_id or gone.import_id
    former = [each for each in (*slugs, *ids) if each not in {address, member}]
    session.add(
        IdentityChange(
            account_id=keep.account_id, contact_id=keep.id, other_id=gone.id, what="merged",
            changed_by=by,
        )
    )  # fmt: skip
    session.add_all(
        IdentityChange(
            account_id=keep.account_id, contact_id=keep.id, what="address", before=each, changed_by=by
        )
        for each in former
    )
    session.flush()
    session.expire(gone)
    session.execute(
        update(Contact)
        .where(Contact.id == gone.id)
        .values(**EMPTIED[Contact])
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Contact)
        .where(Contact.id == keep.id)
        .values(profile_url=address, member_url=member, moved_to=moved, **merged.values)
        .execution_options(synchronize_session=False)
    )
    for row in (older, newer):
        if row["profile_url"] != address:
            readdress.move_approvals(session, keep.id, row["profile_url"], address)
    _keep_exclusions(session, keep.account_id, former, address)
    if merged.days_in_doubt:
        _ask_about_days(session, keep.id, merged.values["full_name"], doubtful_import, merged.days_in_doubt)


def _values(contact: Contact) -> Mapping[str, Any]:
    return {name: getattr(contact, name) for name in inspect(Contact).columns.keys()}  # noqa: SIM118 -- no dict


def _keep_exclusions(session: Session, account_id: int, former: Sequence[str], address: str) -> None:
    """Let what was excluded by a former address also hold for the one that stays."""
    copied = select(
        Exclusion.account_id, literal(address), Exclusion.occasion, Exclusion.note, Exclusion.import_id
    ).where(Exclusion.account_id == account_id, Exclusion.profile_url.in_(former))
    columns = ["account_id", "profile_url", "occasion", "note", "import_id"]
    session.execute(insert(Exclusion).from_select(columns, copied).on_conflict_do_nothing())


def _ask_about_days(
    session: Session,
    contact_id: int,
    name: str,
    import_id: int | None,
    days: Sequence[tuple[int, int, int | None]],
) -> None:
    """Drop what was planned for a birthday that is in doubt, and let a person choose the day.

    The doubt stands with the import that brought one of them in; without one, the site's next page decides.
    """
    action_merging.drop_plans(session, contact_id)
    if import_id is not None:
        rows = [
            {
                "import_id": import_id, "line": 0, "contact_id": contact_id, "name": name,
                "birth_month": month, "birth_day": day, "birth_year": year, "day_uncertain": True,
            }
            for month, day, year in days
        ]  # fmt: skip
        session.execute(insert(ImportDoubt).values(rows).on_conflict_do_nothing())
