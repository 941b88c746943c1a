"""Redaction of a person in rows about other things: options, previews, searches, file names."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, quote_plus

from sqlalchemy import ColumnElement, Text, cast, func, inspect, or_, select, update
from sqlalchemy.orm import Session

from db.store.privacy.personal_columns import REDACTED
from db.tables import Base, Campaign, Schedule, Search
from worker.rules.model import CampaignState
from worker.rules.people.mentions import REDACTED_TEXT, Mentions

ONLY_FORGOTTEN: Final = [REDACTED_TEXT]
"""Replaces a list of profiles that would become empty, because an empty one means another source."""


def redact_person(session: Session, account_ids: Sequence[int], site: str, who: Mentions) -> int:
    """Remove all mentions of a person from these accounts' rows; return the number of changed values.

    Does not wait for locks: raises OperationalError (LockNotAvailable) while a campaign is being planned.
    """
    own = select(Campaign.id).where(Campaign.account_id.in_(account_ids))
    # A planner may have read the person already, and would write a preview with the name.
    reading = own.where(Campaign.state == CampaignState.READING).order_by(Campaign.id)
    session.execute(reading.with_for_update(nowait=True)).all()
    places = 0
    for table, columns in REDACTED.items():
        owned = (
            Search.campaign_id.in_(own) if table is Search else _column(table, "account_id").in_(account_ids)
        )
        places += sum(_redact_column(session, table, name, owned, who) for name in sorted(columns))
    session.execute(
        update(Schedule)
        .where(Schedule.account_id.in_(account_ids), Schedule.options["profiles"] == ONLY_FORGOTTEN)
        .values(enabled=False)
        .execution_options(synchronize_session=False)
    )
    return places


def _redact_column(
    session: Session, table: type[Base], name: str, owned: ColumnElement[bool], who: Mentions
) -> int:
    (key,) = inspect(table).primary_key
    column = _column(table, name)
    rows = select(key, column).where(owned, column.is_not(None))
    if name == "preview":  # may be large, and only Rapport writes it
        rows = rows.where(_mentions(column, who))
    found = session.execute(rows).all()
    changed = {row[0]: after for row in found if (after := _redact_value(name, row[1], who)) != row[1]}
    held = select(key).where(key.in_(list(changed))).order_by(key).with_for_update(nowait=True)
    for each in session.scalars(held).all():
        session.execute(
            update(table)
            .where(key == each)
            .values({name: changed[each]})
            .execution_options(synchronize_session=False)
        )
    return len(changed)


def _redact_value(name: str, value: Any, who: Mentions) -> Any:  # noqa: ANN401 -- a column's value
    if name == "preview":
        return [entry for entry in value if not _is_about(entry, who)]
    if name == "options" and (listed := value.get("profiles")):
        value = {**value, "profiles": [each for each in listed if not who.appear_in(each)] or ONLY_FORGOTTEN}
    return who.redact(value)


def _is_about(entry: dict[str, str], who: Mentions) -> bool:
    """Return whether a line of a preview is about the person: by address if it has one, else by name."""
    if address := entry.get("profile_url"):
        return who.appear_in(address)
    return bool(who.redact(entry) != entry)


def _mentions(column: ColumnElement[Any], who: Mentions) -> ColumnElement[bool]:
    lowered = func.lower(cast(column, Text))
    plain = [*who.addresses, *who.names, *who.emails]
    words = {word.lower() for each in plain for word in (each, quote(each), quote_plus(each))}
    return or_(*(lowered.contains(word, autoescape=True) for word in sorted(words)))


def _column(table: type[Base], name: str) -> ColumnElement[Any]:
    return inspect(table).columns[name]
