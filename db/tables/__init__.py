"""The tables of design §1-4: what may be true at all is said here, in checks, keys and indexes."""

from db.tables.actions import Action, ActionEvent, AuditHead, Campaign, Interaction
from db.tables.base import Base, one_of
from db.tables.people import Account, Contact, KillSwitch
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

__all__ = [
    "Account", "Action", "ActionEvent", "AuditHead", "Base", "Campaign", "Contact", "Interaction",
    "KillSwitch", "MessageTemplate", "QuotaChange", "QuotaCharge", "QuotaCut", "QuotaEpoch", "QuotaGate",
    "QuotaLimit", "QuotaTotal", "Schedule", "ScheduleFire", "one_of",
]  # fmt: skip
