"""What a live view shows: campaigns, their actions, the quota left, and what is happening."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api_stub.cli.explain.halts import list_halt_lines
from api_stub.cli.formatting import (
    describe_progress,
    describe_reason,
    format_time,
    join_counts,
    reason_suffix,
    short_id,
)
from api_stub.cli.quota.reader import read_quota
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people.accounts import AccountRecord
from db.store.quota import status
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from worker.quota.redis_quota import RedisQuota
from worker.rules.campaign_progress import OVER, CampaignProgress, campaign_progress
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import ActionState, CampaignKind, CampaignState, Kind
from worker.rules.quota.model import Remaining

KIND_OF_CAMPAIGN: Final = {
    CampaignKind.BIRTHDAY: Kind.GREET,
    CampaignKind.VISITOR: Kind.VISIT,
    CampaignKind.SOURCING: Kind.VISIT,
    CampaignKind.INVITATIONS: Kind.WITHDRAW,
}
"""The kind of action whose quota a campaign needs most."""

_DOES: Final = {
    Kind.GREET: "greeting {}",
    Kind.VISIT: "opening {}'s profile",
    Kind.COLLECT: "reading {}",
    Kind.WITHDRAW: "withdrawing the invitation to {}",
}


@dataclass(frozen=True, slots=True)
class View:
    """One moment. `left` is the quota of the campaigns' kind; `note` says what happens, or what has to."""

    account: AccountRecord
    campaigns: Sequence[CampaignRecord]
    actions: Sequence[ActionLine]
    left: Remaining | None
    note: str

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its times."""
        return self.account.zone


def read_view(
    session: Session,
    quota: RedisQuota | None,
    account: AccountRecord,
    campaigns: Sequence[CampaignRecord],
    actions: Sequence[ActionLine] | None = None,
) -> View:
    """Read what is shown of these campaigns of an account; by default, of their own actions."""
    if actions is None:
        actions = [line for each in campaigns for line in overview.list_campaign_actions(session, each.id)]
    left = None
    if campaigns:
        kind = KIND_OF_CAMPAIGN[campaigns[0].kind]
        context = status.get_kind_status(session, account.id, kind, str(campaigns[0].id))
        left = read_quota(quota, context).decision.remaining
    return View(account, campaigns, actions, left, _describe_moment(session, account, campaigns, actions))


def is_finished(view: View) -> bool:
    """Return whether nothing of these campaigns will happen any more."""
    return all(_progress(view, each) in OVER for each in view.campaigns)


def describe_end(view: View) -> str:
    """Describe finished campaigns in one line each."""
    return "\n".join(_describe_finished(view, each) for each in view.campaigns)


def _describe_finished(view: View, campaign: CampaignRecord) -> str:
    counted = join_counts(_count_actions(view, campaign))
    progress = describe_progress(_progress(view, campaign)) + reason_suffix(campaign.reason)
    name = f"{campaign.kind} campaign {short_id(campaign.id)} of {campaign.account}: {progress}"
    if campaign.preview is not None:
        return f"{name}; `rapport campaign show {short_id(campaign.id)}` shows it"
    return f"{name}, {counted}" if counted else name


def _progress(view: View, campaign: CampaignRecord) -> CampaignProgress:
    counts = _count_actions(view, campaign)
    return campaign_progress(campaign.state, counts, dry_run=campaign.preview is not None)


def _count_actions(view: View, campaign: CampaignRecord) -> Counter[ActionState]:
    return Counter(line.state for line in view.actions if line.campaign_id == campaign.id)


def _describe_moment(
    session: Session,
    account: AccountRecord,
    campaigns: Sequence[CampaignRecord],
    actions: Sequence[ActionLine],
) -> str:
    """Return what happens now; if nothing does, what everything waits for."""
    if halted := next(list_halt_lines(session, account.name), ""):
        return halted
    if not campaigns:
        return "a worker has yet to take the campaign from the queue"
    if any(each.state is CampaignState.READING for each in campaigns):
        return "a browser worker is reading the site's page"
    acting = next((line for line in actions if line.state in IN_FLIGHT), None)
    if acting is not None:
        return f"{_DOES[acting.kind].format(acting.contact)}; one at a time"
    if all(each.state is CampaignState.PAUSED for each in campaigns):
        return f"paused: `rapport campaign resume {short_id(campaigns[0].id)}`"
    return _describe_wait(account, actions)


def _describe_wait(account: AccountRecord, actions: Sequence[ActionLine]) -> str:
    waiting = [line for line in actions if line.state in {ActionState.PLANNED, ActionState.UNCERTAIN}]
    if waiting:
        following = min(waiting, key=lambda line: line.not_before)
        why = f" ({describe_reason(following.reason)})" if following.reason else ""
        when = format_time(following.not_before, account.zone)
        return f"next: {following.contact}, not before {when}{why}"
    asking = Counter(line.state for line in actions)
    if asking[ActionState.PROPOSED]:
        return f"{asking[ActionState.PROPOSED]} wait for your approval: `rapport review`"
    if asking[ActionState.NEEDS_REVIEW]:
        return f"{asking[ActionState.NEEDS_REVIEW]} wait for you: `rapport actions review`"
    return ""
