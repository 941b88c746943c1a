"""Takes a person out of rows that are about something else: options, previews, searches, names of files."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, quote_plus

from sqlalchemy import ColumnElement, Text, cast, delete, func, inspect, or_, select, tuple_, update
from sqlalchemy.orm import Session

from db.store.privacy.personal_columns import REDACTED
from db.tables import Base, Campaign, Schedule, Search, SelectorHint
from worker.rules.mentions import REDACTED_TEXT, Mentions
from worker.rules.model import CampaignState

ONLY_FORGOTTEN: Final = [REDACTED_TEXT]
"""Of a list of profiles whose only one was theirs: an empty list would mean another source."""


def redact_person(session: Session, account_ids: Sequence[int], site: str, who: Mentions) -> int:
    """Let nothing of these accounts name them any more; return in how many places something did.

    Waits for nobody: raises OperationalError (LockNotAvailable) where a campaign is being planned right now.
    """
    own = select(Campaign.id).where(Campaign.account_id.in_(account_ids))
    # Its planner may have read them already, and would leave a preview that names them.
    reading = own.where(Campaign.state == CampaignState.READING).order_by(Campaign.id)
    session.execute(reading.with_for_update(nowait=True)).all()
    places = 0
    for table, columns in REDACTED.items():
        mine = (
            Search.campaign_id.in_(own) if table is Search else _column(table, "account_id").in_(account_ids)
        )
        places += sum(_redact_column(session, table, name, mine, who) for name in sorted(columns))
    session.execute(
        update(Schedule)
        .where(Schedule.account_id.in_(account_ids), Schedule.options["profiles"] == ONLY_FORGOTTEN)
        .values(enabled=False)
        .execution_options(synchronize_session=False)
    )
    return places + _delete_hints(session, site, who)


def _redact_column(
    session: Session, table: type[Base], name: str, mine: ColumnElement[bool], who: Mentions
) -> int:
    (key,) = inspect(table).primary_key
    column = _column(table, name)
    rows = select(key, column).where(mine, column.is_not(None))
    if name == "preview":  # the one that may be large, and that only we write
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
    """Return whether a preview's line is about them: by address where it has one, as names are shared."""
    if address := entry.get("profile_url"):
        return who.appear_in(address)
    return bool(who.redact(entry) != entry)


def _mentions(column: ColumnElement[Any], who: Mentions) -> ColumnElement[bool]:
    told = func.lower(cast(column, Text))
    plain = [*who.addresses, *who.names, *who.emails]
    words = {word.lower() for each in plain for word in (each, quote(each), quote_plus(each))}
    return or_(*(told.contains(word, autoescape=True) for word in sorted(words)))


def _delete_hints(session: Session, site: str, who: Mentions) -> int:
    key = (SelectorHint.site, SelectorHint.name, SelectorHint.selector)
    rows = session.execute(select(*key, SelectorHint.page).where(SelectorHint.site == site)).all()
    telling = [tuple(row[:3]) for row in rows if any(who.appear_in(text) for text in row[1:])]
    session.execute(delete(SelectorHint).where(tuple_(*key).in_(telling)))
    return len(telling)


def _column(table: type[Base], name: str) -> ColumnElement[Any]:
    return inspect(table).columns[name]
