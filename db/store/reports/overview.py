"""Lists of actions and campaigns for display."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from db.store.campaigns.campaigns import CampaignRecord, count_actions_of_each, to_record
from db.store.places import Place, is_behind, narrow
from db.tables import Account, Action, Campaign, Contact, Interaction
from worker.errors import Reason
from worker.rules.model import NO_CONTACT_LABEL, ActionState, CampaignKind, CampaignState, Kind
from worker.rules.reports.campaign_progress import CampaignProgress, campaign_progress


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One action for display. `sent` is the text proven in the thread, or None.

    `reply` is the person's answer, stored only if the campaign has keep_replies.
    """

    id: UUID
    account: str
    kind: Kind
    contact: str
    profile_url: str
    occasion: str
    occasion_on: date
    state: ActionState
    reason: Reason | None
    detail: str | None
    not_before: datetime
    attempt: int
    failures: int
    looks: int
    message: str
    sent: str | None
    replied_at: datetime | None
    reply: str | None
    screenshot: str | None
    campaign_id: UUID
    correlation_id: str
    created_at: datetime
    contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class CampaignLine(CampaignRecord):
    """A campaign without its preview, and the number of its actions in each state."""

    actions: dict[ActionState, int]

    @property
    def progress(self) -> CampaignProgress:
        """How far it has come."""
        return campaign_progress(self.state, self.actions, dry_run=self.is_dry_run)


def _read_lines(
    session: Session, narrowed: Select[Action, str, str, str, Interaction]
) -> Sequence[ActionLine]:
    return [
        ActionLine(
            id=action.id,
            account=account,
            kind=Kind(action.kind),
            contact=full_name or NO_CONTACT_LABEL,
            profile_url=profile_url or "",
            occasion=action.occasion,
            occasion_on=action.occasion_on,
            state=ActionState(action.state),
            reason=Reason(action.reason) if action.reason else None,
            detail=action.detail,
            not_before=action.not_before,
            attempt=action.attempt,
            failures=action.failures,
            looks=action.looks,
            message=action.message,
            sent=proof.message if proof else None,
            replied_at=proof.replied_at if proof else None,
            reply=proof.reply if proof else None,
            screenshot=proof.screenshot if proof else None,
            campaign_id=action.campaign_id,
            correlation_id=action.correlation_id,
            created_at=action.created_at,
            contact_id=action.contact_id,
        )
        for action, account, full_name, profile_url, proof in session.execute(narrowed)
    ]


_ACTIONS = (
    select(
        Action,
        Account.name,
        Contact.full_name,
        Contact.profile_url,
        Interaction,
    )
    .join(Account, Account.id == Action.account_id)
    .outerjoin(Contact, Contact.id == Action.contact_id)
    .outerjoin(Interaction, Interaction.action_id == Action.id)
    .where(Account.removed_at.is_(None))
)


def list_account_actions(session: Session, account_id: int) -> Sequence[ActionLine]:
    """Return all actions of an account, newest occasions first."""
    return _read_lines(
        session,
        _ACTIONS.where(Action.account_id == account_id).order_by(
            Action.occasion_on.desc(), Contact.full_name, Action.id
        ),
    )


def list_campaign_actions(session: Session, campaign_id: UUID) -> Sequence[ActionLine]:
    """Return all actions of a campaign, newest occasions first."""
    return _read_lines(
        session,
        _ACTIONS.where(Action.campaign_id == campaign_id).order_by(
            Action.occasion_on.desc(), Contact.full_name, Action.id
        ),
    )


def list_campaign_page(
    session: Session, campaign_id: UUID, *, limit: int, before: UUID | None = None
) -> Sequence[ActionLine]:
    """Return a keyset page of the campaign's actions behind `before`, newest occasions first.

    Empty for an unknown `before`.
    """
    statement = (
        _ACTIONS.where(Action.campaign_id == campaign_id)
        .order_by(Action.occasion_on.desc(), Action.id.desc())
        .limit(limit)
    )
    if before is not None:
        last = select(Action.occasion_on).where(Action.id == before).scalar_subquery()
        statement = statement.where(tuple_(Action.occasion_on, Action.id) < tuple_(last, before))
    return _read_lines(session, statement)


def find_action(session: Session, action_id: UUID) -> ActionLine | None:
    """Return the action, or None."""
    return next(iter(_read_lines(session, _ACTIONS.where(Action.id == action_id))), None)


def list_actions(
    session: Session,
    *,
    limit: int,
    before: UUID | Place | None = None,
    account: str | None = None,
    state: ActionState | None = None,
    kind: Kind | None = None,
    campaign: UUID | None = None,
    contacts: Sequence[int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[ActionLine]:
    """Return a keyset page of actions created before the action `before`, newest first.

    Empty for an unknown id `before`. `contacts`: only those about these contacts. `since` and `until` are of
    the creation, `until` is exclusive.
    """
    statement = _ACTIONS.where(*narrow(Action, account=account, since=since, until=until))
    if before is not None:
        statement = statement.where(is_behind(Action, before))
    if state is not None:
        statement = statement.where(Action.state == state)
    if kind is not None:
        statement = statement.where(Action.kind == kind)
    if campaign is not None:
        statement = statement.where(Action.campaign_id == campaign)
    if contacts is not None:
        statement = statement.where(Action.contact_id.in_(contacts))
    return _read_lines(session, statement.order_by(Action.created_at.desc(), Action.id.desc()).limit(limit))


def list_campaigns(
    session: Session,
    *,
    limit: int,
    before: UUID | Place | None = None,
    account: str | None = None,
    kind: CampaignKind | None = None,
    state: CampaignState | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[CampaignLine]:
    """Return a keyset page of campaigns created before the campaign `before`, newest first.

    `since` and `until` are of the request, `until` is exclusive. A preview may be long: `preview` is None.
    """
    statement = (
        select(Campaign, Account.name)
        .join(Account, Account.id == Campaign.account_id)
        .where(Account.removed_at.is_(None), *narrow(Campaign, account=account, since=since, until=until))
        .order_by(Campaign.created_at.desc(), Campaign.id.desc())
        .limit(limit)
        .options(defer(Campaign.preview, raiseload=True))
    )
    if before is not None:
        statement = statement.where(is_behind(Campaign, before))
    if kind is not None:
        statement = statement.where(Campaign.kind == kind)
    if state is not None:
        statement = statement.where(Campaign.state == state)
    found = [to_record(*row, with_preview=False) for row in session.execute(statement)]
    counts = count_actions_of_each(session, [campaign.id for campaign in found])
    return [
        CampaignLine(
            **{field.name: getattr(campaign, field.name) for field in fields(campaign)},
            actions=counts[campaign.id],
        )
        for campaign in found
    ]


def find_action_ids(session: Session, prefix: str) -> Sequence[UUID]:
    """Return at most ten ids of actions that begin with `prefix`; none if it is not hexadecimal."""
    return _find_ids(session, Action.id, prefix)


def find_campaign_ids(session: Session, prefix: str) -> Sequence[UUID]:
    """Return at most ten ids of campaigns that begin with `prefix`; none if it is not hexadecimal."""
    return _find_ids(session, Campaign.id, prefix)


def _find_ids(session: Session, column: InstrumentedAttribute[UUID], prefix: str) -> Sequence[UUID]:
    digits = prefix.replace("-", "").lower()
    if not digits or len(digits) > 32 or set(digits) - set("0123456789abcdef"):
        return []
    lowest, highest = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    found = select(column).where(column.between(lowest, highest)).order_by(column).limit(10)
    return session.scalars(found).all()
