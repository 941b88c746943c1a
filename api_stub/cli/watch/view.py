"""What a live view shows: campaigns, their actions, the quota left, and what is happening."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api_stub.cli.explain.halts import list_halt_lines
from api_stub.cli.formatting import describe_progress, join_counts, short_id
from api_stub.cli.hints import as_typed
from api_stub.cli.quota.reader import read_quota
from api_stub.explain.outlook import Outlooks, describe_wait, read_outlooks
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people.accounts import AccountRecord
from db.store.quota import status
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from worker.clock import monotonic_seconds
from worker.quota.redis_quota import RedisQuota
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import ActionState, CampaignKind, CampaignState, Kind
from worker.rules.quota.model import Remaining
from worker.rules.reports.campaign_progress import OVER, CampaignProgress, campaign_progress
from worker.rules.wording.counts import format_count
from worker.rules.wording.reasons import reason_suffix

KIND_OF_CAMPAIGN: Final = {
    CampaignKind.BIRTHDAY: Kind.GREET,
    CampaignKind.VISITOR: Kind.VISIT,
    CampaignKind.SOURCING: Kind.VISIT,
    CampaignKind.INVITATIONS: Kind.WITHDRAW,
}
"""The kind of action whose quota a campaign needs most."""

_OUTLOOK_AGE: Final = timedelta(seconds=5)

_DOES: Final = {
    Kind.GREET: "greeting {}",
    Kind.VISIT: "opening {}'s profile",
    Kind.COLLECT: "reading {}",
    Kind.WITHDRAW: "withdrawing the invitation to {}",
}


@dataclass(frozen=True, slots=True)
class View:
    """One moment. `left` is the quota of the campaigns' kind; `note` says what happens, or what has to.

    `stopped` says what a person must do before anything goes on. `outlooks` has the forecast of planned
    greetings.
    """

    account: AccountRecord
    campaigns: Sequence[CampaignRecord]
    actions: Sequence[ActionLine]
    left: Remaining | None
    note: str
    outlooks: Outlooks = field(default_factory=dict)
    stopped: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its times."""
        return self.account.zone


class OutlookReader:
    """Reads the forecast again when an action has changed, and every few seconds."""

    def __init__(self) -> None:
        self._of: object = None
        self._read_at_s = 0.0
        self._outlooks: Outlooks = {}

    def read(self, session: Session, account: AccountRecord, actions: Sequence[ActionLine]) -> Outlooks:
        """Return the forecast of the planned greetings among `actions`."""
        waiting = [
            (line.id, line.not_before, line.reason)
            for line in actions
            if line.kind is Kind.GREET and line.state is ActionState.PLANNED
        ]
        now_s = monotonic_seconds()
        of = (account.status, waiting)
        if of != self._of or now_s - self._read_at_s > _OUTLOOK_AGE.total_seconds():
            self._outlooks = read_outlooks(session, account) if waiting else {}
            self._of, self._read_at_s = of, now_s
        return self._outlooks


def read_view(
    session: Session,
    quota: RedisQuota | None,
    account: AccountRecord,
    campaigns: Sequence[CampaignRecord],
    actions: Sequence[ActionLine] | None = None,
    *,
    outlook: OutlookReader,
    not_running: str = "",
) -> View:
    """Read what is shown of these campaigns of an account; by default, of their own actions.

    Without a `quota`, Rapport isn't running; `not_running` says so.
    """
    if actions is None:
        actions = [line for each in campaigns for line in overview.list_campaign_actions(session, each.id)]
    left = None
    if campaigns:
        kind = KIND_OF_CAMPAIGN[campaigns[0].kind]
        context = status.get_kind_status(session, account.id, kind, str(campaigns[0].id))
        left = read_quota(quota, context).decision.remaining
    outlooks = outlook.read(session, account, actions)
    stopped = as_typed(_describe_stop(session, account, campaigns) or not_running)
    note = stopped or _describe_moment(account, campaigns, actions, outlooks)
    return View(account, campaigns, actions, left, note, outlooks, stopped)


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


def _describe_stop(session: Session, account: AccountRecord, campaigns: Sequence[CampaignRecord]) -> str:
    """Return what keeps everything from going on until a person acts, or an empty text."""
    if halted := next(list_halt_lines(session, account.name), ""):
        return halted
    if campaigns and all(each.state is CampaignState.PAUSED for each in campaigns):
        return f"paused: `rapport campaign resume {short_id(campaigns[0].id)}`"
    return ""


def _describe_moment(
    account: AccountRecord,
    campaigns: Sequence[CampaignRecord],
    actions: Sequence[ActionLine],
    outlooks: Outlooks,
) -> str:
    """Return what happens now; if nothing does, what everything waits for."""
    if not campaigns:
        return "a worker has yet to take the campaign from the queue"
    if any(each.state is CampaignState.READING for each in campaigns):
        return "a browser worker is reading the site's page"
    acting = next((line for line in actions if line.state in IN_FLIGHT), None)
    if acting is not None:
        return f"{_DOES[acting.kind].format(acting.contact)}; one at a time"
    return _describe_wait(account, actions, outlooks)


def _describe_wait(account: AccountRecord, actions: Sequence[ActionLine], outlooks: Outlooks) -> str:
    waiting = [line for line in actions if line.state in {ActionState.PLANNED, ActionState.UNCERTAIN}]
    if waiting:
        following = min(waiting, key=lambda line: line.not_before)
        wait = describe_wait(following.reason, following.not_before, outlooks.get(following.id), account.zone)
        return f"next: {following.contact}, {wait}"
    asking = Counter(line.state for line in actions)
    if asking[ActionState.PROPOSED]:
        return f"{_count(asking[ActionState.PROPOSED])} for your approval: `rapport review`"
    if asking[ActionState.NEEDS_REVIEW]:
        return f"{_count(asking[ActionState.NEEDS_REVIEW])} for you: `rapport actions review`"
    return ""


def _count(waiting: int) -> str:
    return format_count(waiting, "waits", "wait")
