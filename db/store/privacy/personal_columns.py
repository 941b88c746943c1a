"""Which columns hold personal data, and how each of them is erased.

Every column that could hold personal data is in one of these mappings; a test fails for a missing one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final, Self

from sqlalchemy import Date, Update, case, cast, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from db.engine import execute_counted
from db.tables import (
    Action,
    Base,
    Campaign,
    CampaignRequest,
    Contact,
    Exclusion,
    Hit,
    IdentityChange,
    Import,
    ImportChange,
    ImportDoubt,
    Interaction,
    SavedSearch,
    Schedule,
    Search,
    StoredDecision,
    StoredProfile,
    Subscription,
    SubscriptionEntry,
)
from worker.rules.model import ContactStatus
from worker.rules.people.mentions import REDACTED_TEXT

EMPTIED: Final[Mapping[type[Base], Mapping[str, Any]]] = MappingProxyType(
    {
        Contact: {
            "profile_url": func.concat("forgotten:", Contact.id),
            "member_url": None,
            "moved_to": None,
            "full_name": REDACTED_TEXT,
            "call_by": None,
            "by_hand": None,
            "email": None,
            "language": None,
            "birth_month": None,
            "birth_day": None,
            "birth_year": None,
            "connected_on": None,
            "profile": {},
            "status": ContactStatus.NOT_CONNECTED,
            "score": None,
            "do_not_contact": True,
            "last_greeted_on": None,
            "replied_at": None,
            "hold_until": None,
            "hold_reason": None,
            "hold_by": None,
            "away_until": None,
            "import_id": None,
            "forgotten_at": func.now(),
        },
        Action: {
            "occasion_on": cast(Action.created_at, Date),  # the occasion was the birthday
            "expires_on": None,
            "worded_for": None,
            "message": "",
            "called": None,
            "detail": None,
            "approval": case((Action.approval.is_not(None), REDACTED_TEXT)),  # a hash of name and text
            "approved_by": None,
        },
        Interaction: {
            "message": "",
            "reply": None,
            "automatic_at": None,
            "screenshot": None,
            "source_key": case(
                (Interaction.source_key.is_not(None), func.concat("forgotten:", Interaction.id))
            ),
        },
    }
)
"""Erased values, by column, of rows that stay for the quota, the audit and the unique keys."""

DELETED: Final[Mapping[type[Base], frozenset[str]]] = MappingProxyType(
    {
        StoredProfile: frozenset({"profile"}),
        Hit: frozenset({"reasons"}),
        ImportChange: frozenset({"before"}),
        ImportDoubt: frozenset({"name", "birth_month", "birth_day", "birth_year"}),
        Exclusion: frozenset({"profile_url", "name_key", "note"}),
        IdentityChange: frozenset({"before"}),
        StoredDecision: frozenset({"before"}),
        SubscriptionEntry: frozenset({"key", "version"}),
    }
)
"""Tables whose rows about a person are deleted, with the columns that hold personal data."""

REDACTED: Final[Mapping[type[Base], frozenset[str]]] = MappingProxyType(
    {
        Campaign: frozenset({"options", "preview", "detail"}),
        CampaignRequest: frozenset({"options"}),
        Schedule: frozenset({"options"}),
        Search: frozenset({"terms"}),
        SavedSearch: frozenset({"terms", "criteria"}),
        Import: frozenset({"file_name", "report"}),
        Subscription: frozenset({"title"}),
    }
)
"""Columns of other rows that may mention a person; `(forgotten)` replaces a mention."""

KEPT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "accounts": frozenset(
            {"name", "site", "time_zone", "status", "stop_reason", "warm_up_on", "session", "signature"}
        ),
        "contacts": frozenset({"name_key", "folded_name", "folded_facts"}),  # computed
        "actions": frozenset({"kind", "occasion", "state", "reason", "lease_owner", "correlation_id"}),
        "action_events": frozenset({"from_state", "to_state", "reason", "actor", "correlation_id", "hash"}),
        "action_totals": frozenset({"campaign_kind", "kind", "from_state", "to_state", "reason"}),
        "api_keys": frozenset({"name", "public_id", "secret_hash", "former_hash", "scopes"}),
        "approval_links": frozenset({"token_hash", "target", "seen"}),  # ids and hashes
        "audit_heads": frozenset({"hash"}),
        "interactions": frozenset({"type", "status", "occasion", "correlation_id"}),
        "interactions_by_day": frozenset({"day", "type"}),  # counts only
        "backup_plan": frozenset({"target", "recipients", "set_by"}),  # the user's own
        "campaigns": frozenset({"kind", "state", "reason", "correlation_id"}),
        "campaign_requests": frozenset(
            {"fingerprint", "kind", "correlation_id"}
        ),  # a hash of kind and options
        "changes": frozenset({"by", "change", "about", "detail"}),  # names of users and accounts, ids, codes
        "console_links": frozenset({"token_hash"}),
        "console_sessions": frozenset({"token_hash", "former_hash", "address", "browser", "system"}),
        "console_users": frozenset({"name", "password_hash", "role", "language"}),
        "daily_summaries": frozenset({"on", "summary"}),  # counts only
        "decisions": frozenset({"choice", "decided_by"}),
        "exclusions": frozenset({"occasion"}),
        "idempotent_answers": frozenset(
            {"key_hash", "request_hash", "sealed"}
        ),  # only the client can read it
        "identity_changes": frozenset({"what", "changed_by"}),
        "imports": frozenset({"source", "started_by"}),
        "key_fingerprints": frozenset({"variable", "fingerprint"}),
        "kill_switch": frozenset({"pulled_by"}),
        "mark_matches": frozenset({"site", "mark", "version", "day"}),  # counts of elements of pages
        "message_templates": frozenset({"language", "body", "default_key"}),  # the user's own words
        "notice_deliveries": frozenset({"state", "last_error"}),
        "notice_targets": frozenset(
            {"name", "scheme", "host", "sealed", "kinds", "last_error"}
        ),  # the user's own address
        "notice_totals": frozenset({"kind", "outcome"}),
        "outbox_events": frozenset({"kind", "key", "payload"}),  # ids, codes and counts
        "people_totals": frozenset({"source", "outcome"}),
        "quota_changes": frozenset({"what", "before", "after", "changed_by"}),
        "quota_charges": frozenset({"kind", "reservation_id", "run_id"}),
        "quota_cuts": frozenset({"kind"}),
        "quota_gates": frozenset({"kind", "probe"}),
        "quota_limits": frozenset({"kind"}),
        "refused_messages": frozenset(
            {"queue", "reason", "detail", "sha256", "task", "message_id", "origin", "shape"}
        ),  # only what has the form of Celery's own names and ids
        "restores": frozenset({"restored_by"}),
        "saved_searches": frozenset({"name"}),  # the user's own word
        "schedules": frozenset({"kind", "cron"}),
        "searches": frozenset({"ended"}),
        "site_checks": frozenset(
            {"capability", "verdict", "mark", "front_end", "language", "seen_live_on"}
        ),  # of the site's pages
        "subscriptions": frozenset(
            {"kind", "origin", "address_hash", "sealed", "tag", "modified", "failure"}
        ),  # the user's own address
        "tombstones": frozenset({"fingerprint", "site", "lifted_by"}),  # hashes of addresses
        "upkeep_jobs": frozenset({"name", "error"}),  # an error without its values
    }
)
"""Columns of text, JSON, bytes or dates without personal data of contacts, by table."""


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """Numbers of erased rows."""

    contacts: int = 0
    actions: int = 0
    interactions: int = 0
    profiles: int = 0
    hits: int = 0
    doubts: int = 0
    former_values: int = 0
    source_entries: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def erase_contacts(session: Session, contact_ids: Collection[int]) -> ErasedRows:
    """Erase the personal data of these contacts, in their own rows and in all rows about them.

    The caller has locked the contacts and ended their open actions.
    """
    ids = list(contact_ids)
    actions = execute_counted(session, _empty_rows(Action).where(Action.contact_id.in_(ids)))
    interactions = execute_counted(session, _empty_rows(Interaction).where(Interaction.contact_id.in_(ids)))
    doubts = _delete_doubts(session, ids)
    theirs = select(Action.id).where(Action.contact_id.in_(ids))
    session.execute(delete(StoredDecision).where(StoredDecision.action_id.in_(theirs)))
    session.execute(
        delete(IdentityChange).where(IdentityChange.contact_id.in_(ids) | IdentityChange.other_id.in_(ids))
    )
    return ErasedRows(
        actions=actions,
        interactions=interactions,
        profiles=execute_counted(session, delete(StoredProfile).where(StoredProfile.contact_id.in_(ids))),
        hits=execute_counted(session, delete(Hit).where(Hit.contact_id.in_(ids))),
        doubts=doubts,
        former_values=execute_counted(session, delete(ImportChange).where(ImportChange.contact_id.in_(ids))),
        source_entries=execute_counted(
            session, delete(SubscriptionEntry).where(SubscriptionEntry.contact_id.in_(ids))
        ),
        contacts=execute_counted(session, _empty_rows(Contact).where(Contact.id.in_(ids))),
    )


def _empty_rows(table: type[Base]) -> Update:
    return update(table).values(**EMPTIED[table])


def _delete_doubts(session: Session, contact_ids: list[int]) -> int:
    """Delete the doubts of entries that may be about them, except those confirmed for another contact."""
    entries = select(ImportDoubt.import_id, ImportDoubt.line).where(ImportDoubt.contact_id.in_(contact_ids))
    others = ImportDoubt.contact_id.not_in(contact_ids) & ImportDoubt.is_theirs.is_(True)
    theirs = tuple_(ImportDoubt.import_id, ImportDoubt.line).in_(entries)
    return execute_counted(session, delete(ImportDoubt).where(theirs, ~others))
