"""The store's statements on the other tables, each with the index that it uses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.store import audit, idempotency
from db.store.actions import events
from db.store.actions.review import undo
from db.store.campaigns import schedules
from db.store.console import users
from db.store.imports import birthday_doubts, runs, subscriptions
from db.store.notices import deliveries
from db.store.people import addresses
from db.store.privacy import personal_columns
from db.store.quota import ledger, limits
from db.store.reports import activity, outcome_counts, overview
from db.store.reports.contacts import contact_history, open_doubts
from db.tables import NoticeTarget
from worker.rules.model import CampaignKind, CampaignState, Kind
from worker.rules.quota.windows import Span

A_DAY = Span(datetime(2027, 1, 3, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC))
NOTICE = deliveries.MessageClaim(
    id=UUID(int=7),
    target_id=UUID(int=7),
    target="target 7",
    sealed=b"",
    with_texts=False,
    with_screenshots=False,
    events=(),
    since=A_DAY.start,
    attempts=1,
    maybe_twice=False,
)


def find_target(session: Session) -> UUID:
    return session.scalars(select(NoticeTarget.id).order_by(NoticeTarget.name).limit(1)).one()


SMALL_TABLES: dict[str, tuple[str, str, Callable[[Session], object]]] = {
    "what happened to an action": (
        "action_events",
        "ix_action_events_action_id",
        lambda s: events.list_events(s, UUID(int=7)),
    ),
    "which pages an account has opened": (
        "action_events",
        "ix_action_events_acting",
        lambda s: ledger.read_ledger(s, limits.load_context(s, 7, Kind.VISIT, "").context),
    ),
    "how an account's actions ended on a day": (
        "action_events",
        "ix_action_events_ended",
        lambda s: outcome_counts.count_ended(s, 7, A_DAY),
    ),
    "how much an account did on each day": (
        "interactions_by_day",
        "ix_interactions_by_day_account_id_day",
        lambda s: activity.list_day_counts(s, 7, date(2027, 1, 3), date(2027, 1, 9)),
    ),
    "the newest campaigns": (
        "campaigns",
        "ix_campaigns_created_at",
        lambda s: overview.list_campaigns(s, limit=10),
    ),
    "the newest campaigns of an account": (
        "campaigns",
        "ix_campaigns_account_created_at",
        lambda s: overview.list_campaigns(s, limit=10, account="account 7"),
    ),
    "the campaigns of a kind": (
        "campaigns",
        "ix_campaigns_kind_created_at",
        lambda s: overview.list_campaigns(s, limit=10, kind=CampaignKind.INVITATIONS),
    ),
    "which campaigns were cancelled": (
        "campaigns",
        "ix_campaigns_stopped",
        lambda s: overview.list_campaigns(s, limit=10, state=CampaignState.CANCELLED),
    ),
    "which schedules are due": ("schedules", "ix_schedules_next_fire_at", schedules.lock_due_schedules),
    "who changed something": (
        "changes",
        "ix_changes_about",
        lambda s: audit.list_changes(s, about="account 7"),
    ),
    "who changed an account's limits": (
        "quota_changes",
        "ix_quota_changes_account_id",
        lambda s: limits.list_changes(s, 7),
    ),
    "what a person can take back": (
        "decisions",
        "ix_decisions_decided_by",
        lambda s: undo.find_undoable(s, by="user 7"),
    ),
    "what was decided about somebody who is forgotten": (
        "decisions",
        "ix_decisions_action_id",
        lambda s: personal_columns.erase_contacts(s, [706]),
    ),
    "answers to drop": (
        "idempotent_answers",
        "ix_idempotent_answers_started_at",
        idempotency.delete_old_answers,
    ),
    "the sessions of a user who is disabled": (
        "console_sessions",
        "ix_console_sessions_user_id",
        lambda s: users.disable_user(s, "user-7", by="tests"),
    ),
    "the links of a user who is disabled": (
        "console_links",
        "ix_console_links_user_id",
        lambda s: users.disable_user(s, "user-7", by="tests"),
    ),
    "the latest import of an account": (
        "imports",
        "ix_imports_account_id",
        lambda s: runs.find_latest_import(s, 7),
    ),
    "the imports of a subscription that is removed": (  # as the foreign key asks
        "imports",
        "ix_imports_subscription_id",
        lambda s: s.execute(text("update imports set subscription_id = null where subscription_id = 7")),
    ),
    "which imports changed a person": (
        "import_changes",
        "ix_import_changes_contact_id",
        lambda s: contact_history.list_history(s, 706),
    ),
    "what is asked about a person's birthday": (
        "import_doubts",
        "ix_import_doubts_contact_id",
        lambda s: open_doubts.find_open_doubts(s, 706),
    ),
    "how many birthdays are asked about": (
        "import_doubts",
        "ix_import_doubts_open",
        birthday_doubts.count_doubts,
    ),
    "which subscriptions are due": ("subscriptions", "ix_subscriptions_next_at", subscriptions.take_due),
    "which sources have somebody who is forgotten": (
        "subscription_entries",
        "ix_subscription_entries_contact_id",
        lambda s: personal_columns.erase_contacts(s, [706]),
    ),
    "whom an import excluded": (
        "exclusions",
        "ix_exclusions_import_id",
        lambda s: s.execute(text("delete from exclusions where import_id = 7")),
    ),
    "whose former address this is": (
        "identity_changes",
        "ix_identity_changes_account_id_before",
        lambda s: addresses.resolve_addresses(s, 7, ["https://sandbox.test/in/former-706"]),
    ),
    "what changed about who a person is": (
        "identity_changes",
        "ix_identity_changes_contact_id",
        lambda s: contact_history.list_history(s, 706),
    ),
    "whom a person was confused with": (
        "identity_changes",
        "ix_identity_changes_other_id",
        lambda s: contact_history.list_history(s, 706),
    ),
    "which events no target was given yet": (
        "outbox_events",
        "ix_outbox_events_undelivered",
        deliveries.dispatch_events,
    ),
    "what a target is still to be told": (
        "notice_deliveries",
        "ix_notice_deliveries_open",
        lambda s: deliveries.claim_message(s, find_target(s)),
    ),
    "what a target was told in the last hour": (
        "notice_deliveries",
        "ix_notice_deliveries_ended",
        lambda s: deliveries.claim_message(s, find_target(s)),
    ),
    "which events a message that was sent had": (
        "notice_deliveries",
        "ix_notice_deliveries_message_id",
        lambda s: deliveries.record_sent(s, replace(NOTICE, target_id=find_target(s))),
    ),
}
