"""Values with control characters for every text of a database, and a check of the output."""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import String, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.console import sessions as console_sessions
from db.store.console import users
from db.store.console.sessions import Client
from db.store.people import accounts
from db.tables import (
    Action,
    Campaign,
    Contact,
    Hit,
    Import,
    ImportDoubt,
    KillSwitch,
    MessageTemplate,
    RefusedMessage,
    Search,
)
from db.tables.base import Base, CutText
from tests.builders import SANDBOX, a_campaign, database_now
from tests.whole_person import NAME, ZOE, a_known_person, v1_script
from worker.errors import Reason
from worker.rules.model import ActionState, CampaignKind, CampaignState
from worker.rules.texts.characters import sanitise_text
from worker.rules.wire.refusals import Refusal

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
                    elif isinstance(column.type, String | CutText):
                        session.execute(table.update().values({column: column + BAD}))
            except IntegrityError:
                continue
    named = "insert into accounts (name, site, time_zone) values ('x' || :bad, 'sandbox' || :bad, 'UTC')"
    session.execute(text(named), {"bad": BAD})


def fill_with_hostile_texts(database: Database, folder: Path) -> Mapping[str, str]:
    """Fill a database and files with hostile texts; return the names of what a command may be given."""
    with database.transaction() as session:
        owner = a_known_person(session, folder)[0]
        accounts.save_session(session, owner.id, b"sealed")
        accounts.set_keep_days(session, owner.id, 9)
        today = database_now(session).date()
        session.execute(update(Contact).values(birth_month=today.month, birth_day=today.day))
        dry, found = (session.get_one(Campaign, a_campaign(session, owner)) for _ in range(2))
        dry.state, dry.preview = CampaignState.PLANNED, PREVIEW
        found.state, found.kind, found.detail = CampaignState.PLANNED, CampaignKind.SOURCING, NAME
        for hit in session.scalars(select(Hit)).all():
            hit.campaign_id, hit.score = found.id, 30
            hit.reasons = [{"points": 30, "criterion": "title", "text": "title Beekeeper"}]
        session.add(Search(campaign_id=found.id, terms=[["keywords", NAME]]))
        birthday = session.scalars(select(Action).where(Action.state == ActionState.NEEDS_REVIEW)).first()
        assert birthday is not None
        session.add(KillSwitch(pulled_by="somebody"))
        first = users.ensure_owner(session, by="somebody")
        assert first is not None
        console_sessions.open_session(session, first.id, Client("127.0.0.1", "Firefox", "Linux"))
        import_id = session.scalars(select(func.min(Import.id))).one()
        doubt = ImportDoubt(
            import_id=import_id, line=7, contact_id=birthday.contact_id, name=NAME, birth_month=2, birth_day=3
        )
        template = MessageTemplate(account_id=owner.id, language="en", late=False, body="Hi", enabled=True)
        refused = RefusedMessage(
            refused_at=func.now(), queue="control", reason=Refusal.BAD_HEADER, detail="task: no text",
            size_bytes=9, sha256="0" * 64, task="a", message_id="b", origin="c", shape="d",
        )  # fmt: skip
        session.add_all([doubt, template, refused])
        session.flush()
        poison(session)
    csv = folder / "people.csv"
    csv.write_text(f"name,profile_url,birthday\nAnn{BAD},{SANDBOX}ann/,{BAD}\n{BAD}\n")
    v1 = folder / "another.db"
    with closing(sqlite3.connect(v1)) as connection, connection:
        connection.executescript(v1_script(date(2026, 11, 23)))
        for table, column in (
            ("contacts", "name"),
            ("blacklist", "linkedin_url"),
            ("profile_visits", "visited_at"),
        ):
            connection.execute(f"update {table} set {column} = {column} || ?", [BAD])
    criteria = folder / "criteria.json"
    criteria.write_text(json.dumps({"title": "Beekeeper", f"huh{BAD}": 1}))
    return {
        "dry": str(dry.id), "found": str(found.id), "birthdays": str(birthday.campaign_id),
        "action": str(birthday.id), "doubt": str(doubt.id), "template": str(template.id),
        "import": str(import_id), "bad": BAD, "name": f"{NAME}{BAD}", "address": f"{ZOE}{BAD}",
        "csv": str(csv), "v1": str(v1), "criteria": str(criteria),
    }  # fmt: skip


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


def strings(found: Any) -> str:
    """Return every text of a document, as one."""
    if isinstance(found, dict | list):
        return "".join(map(strings, found.values() if isinstance(found, dict) else found))
    return found if isinstance(found, str) else ""
