"""The tables, with checks, keys and indexes that protect the data whatever the code does."""

from db.tables.actions import (
    Action,
    ActionEvent,
    AuditHead,
    Campaign,
    CampaignRequest,
    DailySummary,
    Interaction,
)
from db.tables.api_keys import ApiKey
from db.tables.approvals import ApprovalLink
from db.tables.backups import BackupPlan, KeyFingerprint, Restore
from db.tables.base import Base, one_of
from db.tables.console import Change, ConsoleLink, ConsoleSession, ConsoleUser, SignInAttempt
from db.tables.decisions import StoredDecision
from db.tables.idempotency import IdempotentAnswer
from db.tables.imports import (
    Import,
    ImportChange,
    ImportDoubt,
    Subscription,
    SubscriptionEntry,
)
from db.tables.messages import RefusedMessage
from db.tables.notices import EventFeed, NoticeDelivery, NoticeTarget, NoticeTotal, OutboxEvent
from db.tables.people import NAME_KEY, Account, Contact, Exclusion, IdentityChange, KillSwitch
from db.tables.quota import (
    QuotaChange,
    QuotaCharge,
    QuotaCut,
    QuotaEpoch,
    QuotaGate,
    QuotaLimit,
    QuotaTotal,
)
from db.tables.schedules import MessageTemplate, Schedule, ScheduleFire
from db.tables.sites import MarkMatch, SiteCheck
from db.tables.sourcing import Hit, SavedSearch, Search, StoredProfile, Tombstone
from db.tables.totals import ActionTotal, InteractionsByDay, PeopleTotal, RecentChange
from db.tables.upkeep import UpkeepRecord

__all__ = [
    "NAME_KEY", "Account", "Action", "ActionEvent", "ActionTotal", "ApiKey", "ApprovalLink", "AuditHead",
    "BackupPlan", "Base", "Campaign", "CampaignRequest", "Change", "ConsoleLink", "ConsoleSession",
    "ConsoleUser", "Contact", "DailySummary", "EventFeed", "Exclusion", "Hit", "IdempotentAnswer",
    "IdentityChange", "Import", "ImportChange", "ImportDoubt", "Interaction", "InteractionsByDay",
    "KeyFingerprint", "KillSwitch", "MarkMatch", "MessageTemplate", "NoticeDelivery", "NoticeTarget",
    "NoticeTotal", "OutboxEvent", "PeopleTotal", "QuotaChange", "QuotaCharge", "QuotaCut", "QuotaEpoch",
    "QuotaGate", "QuotaLimit", "QuotaTotal", "RecentChange", "RefusedMessage", "Restore", "SavedSearch",
    "Schedule", "ScheduleFire", "Search", "SignInAttempt", "SiteCheck", "StoredDecision", "StoredProfile",
    "Subscription", "SubscriptionEntry", "Tombstone", "UpkeepRecord", "one_of",
]  # fmt: skip
