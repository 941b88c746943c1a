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
from db.tables.base import Base, one_of
from db.tables.imports import (
    Import,
    ImportChange,
    ImportDoubt,
    Subscription,
    SubscriptionEntry,
)
from db.tables.messages import RefusedMessage
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
from db.tables.upkeep import UpkeepRecord

__all__ = [
    "NAME_KEY", "Account", "Action", "ActionEvent", "AuditHead", "Base", "Campaign", "CampaignRequest",
    "Contact", "DailySummary", "Exclusion", "Hit", "IdentityChange", "Import", "ImportChange", "ImportDoubt",
    "Interaction", "KillSwitch", "MarkMatch", "MessageTemplate", "QuotaChange", "QuotaCharge", "QuotaCut",
    "QuotaEpoch", "QuotaGate", "QuotaLimit", "QuotaTotal", "RefusedMessage", "SavedSearch", "Schedule",
    "ScheduleFire", "Search", "SiteCheck", "StoredProfile", "Subscription", "SubscriptionEntry", "Tombstone",
    "UpkeepRecord", "one_of",
]  # fmt: skip
