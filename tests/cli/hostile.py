"""Values with control characters for every text of a database, and a check of the output."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import String, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.tables.base import Base
from tests.builders import SANDBOX
from worker.errors import Reason
from worker.rules.characters import sanitise_text

SEEN: Final = "[66;6m"
BAD: Final = (
    f"\x1b{SEEN}\x1b]0;owned\x07\x1b]8;;https://evil.test\x1b\\\x9b66m\x9d0;x\x9c\x7f\b\r\u202elive\u2066\u200f\u061c"
    "\u200b\ufeff\U000e0041\u2028\u2029\x85[/x][red]:boom:[link=https://evil.test]"
)
"""Escape sequences that Rich never writes, direction marks, invisible characters, and markup."""

_RICH: Final = re.compile(
    r"\r?\x1b\[(?:[0-9;]*m|\?25[lh]|2K|\d*A|H|2J)|\x1b\[\d+;\d+H|\x1b\[[JK]|\x1b\[\?(?:7|1049|2026)[hl]"
)
"""Escape sequences of Rich itself: colours, cursor movements, cleared lines and screens."""

_FORMS: Final = {
    "accounts.name", "accounts.site", "accounts.time_zone", "schedules.cron", "saved_searches.name",
    "saved_searches.criteria", "quota_changes.what", "quota_changes.before", "quota_changes.after",
    "daily_summaries.summary", "import_changes.before", "action_events.from_state",
    "action_events.to_state", "action_events.reason",
}  # fmt: skip
"""Columns that only Rapport writes and parses."""

_VALUES: Final = {"left_out", "when", "on", "already", "points", "criterion", "kind", "days", "verdict"}
"""Fields of JSON documents that are not free text."""

PREVIEW: Final = [
    {
        "contact": "Ann", "profile_url": f"{SANDBOX}ann/", "on": "2026-11-23", "message": "Hi",
        "left_out": why, "already": "", "when": "", "days": "3", "verdict": "withdraw",
    }
    for why in ("", Reason.NO_NAME)
]  # fmt: skip


def poison(session: Session) -> None:
    """Append BAD to every text without a CHECK, and add an account with such a name."""
    session.execute(text("set local session_replication_role = replica"))  # no triggers
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if f"{table.name}.{column.name}" in _FORMS or column.computed is not None:
                continue
            try:
                with session.begin_nested():
                    if isinstance(column.type, JSONB):
                        keys = list(table.primary_key)
                        for *key, value in session.execute(select(*keys, column)).all():
                            row = (name == each for name, each in zip(keys, key, strict=True))
                            session.execute(table.update().where(*row).values({column: _poisoned(value)}))
                    elif isinstance(column.type, String):
                        session.execute(table.update().values({column: column + BAD}))
            except IntegrityError:
                continue
    named = "insert into accounts (name, site, time_zone) values ('x' || :bad, 'sandbox' || :bad, 'UTC')"
    session.execute(text(named), {"bad": BAD})


def _poisoned(value: Any) -> Any:
    match value:
        case str():
            return value + BAD
        case list():
            return [_poisoned(each) for each in value]
        case dict():
            return {name: each if name in _VALUES else _poisoned(each) for name, each in value.items()}
    return value


def find_control_characters(said: str) -> str:
    """Return the control characters in the output, without Rich's own."""
    bare = _RICH.sub("", said)
    return "".join(there for there, shown in zip(bare, sanitise_text(bare), strict=True) if there != shown)


def leaf_commands(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Yield each command below this one that has none below itself, with its words."""
    parts = getattr(command, "commands", {})
    if not parts:
        yield " ".join(path), command
    for name, part in parts.items():
        yield from leaf_commands(part, *path, name)
