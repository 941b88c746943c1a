"""Faults of the practice network, stored in its state until they are used up or cleared."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

Value = str | float | bool | None

MARKUPS = ("a", "b", "c", "d")
"""Variants of the HTML of searches and profiles, as a site changes its pages over time."""


class FaultName(StrEnum):
    """What can go wrong. A comment describes `value`; faults without one take none."""

    # any page
    SLOW = "slow"  # milliseconds
    HANG = "hang"
    EXPIRED_SESSION = "expired_session"
    CHALLENGE_PAGE = "challenge_page"
    STATUS_429 = "status_429"
    LIMIT_PAGE = "limit_page"
    HTTP_500 = "http_500"
    # what a page shows
    POPUP = "popup"
    MARKUP = "markup"  # "a", "b", "c" or "d"
    WRONG_THREAD = "wrong_thread"  # the slug whose conversation opens instead
    # a send
    SEND_SWALLOWS_REPLY = "send_swallows_reply"
    SEND_NO_EFFECT = "send_no_effect"
    LATE_SHOW_S = "late_show_s"  # seconds
    SHARE_PROMPT = "share_prompt"
    UNKNOWN_DIALOG = "unknown_dialog"
    # what the pages are like
    DRIFT = "drift"  # 1: names of classes; 2: also roles and tags; 3: also what sending needs, but no roles
    LANGUAGE = "language"  # a code of two letters
    WALL_IN_PLACE = "wall_in_place"  # milliseconds until it replaces the page under the same address
    DRAFT = "draft"  # text that the composer holds when it opens
    # the replica of LinkedIn only: its front ends and walls
    FRONT_END = "front_end"  # "sdui" or "ember"
    STATUS_999 = "status_999"
    RESTRICTION = "restriction"
    AUTHWALL = "authwall"
    CHOOSER = "chooser"
    # its conversations
    STRANGERS_OVERLAY = "strangers_overlay"
    MINIMISED_CHAT = "minimised_chat"
    COMPOSER_PLACE = "composer_place"  # "shadow" or "frame"
    ENTER_SENDS = "enter_sends"
    ICON_SEND = "icon_send"
    NO_SERVER_ID = "no_server_id"
    OTHER_THREAD_BUBBLE = "other_thread_bubble"
    TWO_BUBBLES = "two_bubbles"
    FAILED_BUBBLE = "failed_bubble"
    PREMIUM_WALL = "premium_wall"
    SUBJECT_FIELD = "subject_field"
    NO_COMPOSER = "no_composer"
    REPLY_FIRST = "reply_first"  # what they write between the click and the proof
    LEAVES_AFTER_SEND = "leaves_after_send"
    # its lists
    BIRTHDAYS_EMPTY = "birthdays_empty"
    LIST_NEVER_FILLS = "list_never_fills"
    IDS_DISAGREE = "ids_disagree"
    SEARCH_LIMIT = "search_limit"
    WITHDRAW_FAILS = "withdraw_fails"
    SHORT_LIST = "short_list"


_NUMBERS = {FaultName.SLOW, FaultName.LATE_SHOW_S, FaultName.WALL_IN_PLACE, FaultName.DRIFT}
_TEXTS = {
    FaultName.WRONG_THREAD: "a slug",
    FaultName.DRAFT: "text",
    FaultName.LANGUAGE: "a code of two letters",
    FaultName.FRONT_END: "sdui or ember",
    FaultName.COMPOSER_PLACE: "shadow or frame",
    FaultName.REPLY_FIRST: "text",
}
_FREE_PATHS = ("/login", "/logout", "/checkpoint/")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `times` is the number of requests it still affects; None means until it is cleared.

    The requests of a page's script count too; `path_prefix` selects among them.
    """

    name: FaultName
    value: Value = None
    times: int | None = None
    path_prefix: str | None = None

    @classmethod
    def from_json(cls, body: Mapping[str, object]) -> "Fault":
        """Parse a control request. Raises ValueError with the reason."""
        unknown = set(body) - {"name", "value", "times", "path_prefix"}
        if unknown:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        name = FaultName(str(body.get("name")))
        value, times, prefix = body.get("value"), body.get("times"), body.get("path_prefix")
        if times is not None and not (isinstance(times, int) and times > 0):
            raise ValueError("times must be a whole number above 0, or null")
        if prefix is not None and not isinstance(prefix, str):
            raise ValueError("path_prefix must be text, or null")
        return cls(name, _validate(name, value), times, prefix)

    def affects(self, path: str) -> bool:
        """Return whether this fault affects `path`. Without a prefix, sign-in pages are exempt."""
        return path.startswith(self.path_prefix) if self.path_prefix else not path.startswith(_FREE_PATHS)


class Faults:
    """The faults that are switched on, at most one of each name."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def switch_on(self, fault: Fault) -> None:
        """Switch a fault on, replacing one of the same name."""
        self._db.execute(
            "INSERT OR REPLACE INTO faults (name, value, times, path_prefix) VALUES (?, ?, ?, ?)",
            (fault.name, json.dumps(fault.value), fault.times, fault.path_prefix),
        )

    def clear(self) -> None:
        """Remove all faults, so that the HTML is variant a again."""
        self._db.execute("DELETE FROM faults")

    def all(self) -> list[dict[str, object]]:
        """Return the active faults for the control response."""
        rows = self._db.execute("SELECT name FROM faults ORDER BY name").fetchall()
        return [asdict(fault) for (name,) in rows if (fault := self.peek(FaultName(name)))]

    def take(self, name: FaultName, path: str) -> Fault | None:
        """Return the fault if it affects this request, and count the use."""
        fault = self.peek(name)
        if fault is None or not fault.affects(path):
            return None
        if fault.times == 1:
            self._db.execute("DELETE FROM faults WHERE name = ?", (name,))
        elif fault.times is not None:
            self._db.execute("UPDATE faults SET times = times - 1 WHERE name = ?", (name,))
        return fault

    def markup(self) -> str:
        """Return the current HTML variant, one of MARKUPS."""
        fault = self.peek(FaultName.MARKUP)
        return str(fault.value) if fault else "a"

    def two_variant_markup(self) -> str:
        """Return the variant for pages that have only two, a and b: all but searches and profiles."""
        return "b" if self.markup() in {"b", "d"} else "a"

    def peek(self, name: FaultName) -> Fault | None:
        """Return the fault if it is on, without counting a use."""
        row = self._db.execute(
            "SELECT value, times, path_prefix FROM faults WHERE name = ?", (name,)
        ).fetchone()
        return Fault(name, json.loads(row[0]), row[1], row[2]) if row else None


def _validate(name: FaultName, value: object) -> Value:
    if name in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f"{name}: the value must be a number, 0 or more")
        return float(value)
    if name is FaultName.DRIFT and value not in {1, 2, 3}:
        raise ValueError("drift: the value must be 1, 2 or 3")
    if name is FaultName.MARKUP and value not in MARKUPS:
        raise ValueError(f"markup: the value must be one of {', '.join(MARKUPS)}")
    if name in _TEXTS and not isinstance(value, str):
        raise ValueError(f"{name}: the value must be {_TEXTS[name]}")
    return value if isinstance(value, str | bool) else None
