"""An account's limits, and the limits in force that follow from them at any instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from worker.rules.model import Kind
from worker.rules.quota.limits import (
    CUT_SHARE,
    Limits,
    SiteQuota,
    Totals,
    cap_limits,
    cap_totals,
    scale_limits,
    scale_totals,
    warm_up_share,
)
from worker.rules.quota.model import QuotaContext
from worker.rules.quota.windows import local_day


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of an account (its own or its site's defaults), and what reduces them for a while.

    The warm-up began on `warm_up_on`. After a limit page of the site, `kind` pauses until `paused_until` and
    its limits are cut until `cut_until`.
    """

    account_id: int
    zone: ZoneInfo
    kind: Kind
    site: SiteQuota
    limits: Mapping[Kind, Limits]
    totals: Totals
    warm_up_on: date | None = None
    cut_until: datetime | None = None
    paused_until: datetime | None = None
    epoch: int = 0

    def context_at(self, now: datetime, run_id: str) -> QuotaContext:
        """Return the context of a decision at `now`: limits after ceilings, warm-up and cuts."""
        share = warm_up_share(self.warm_up_on, now, self.zone)
        in_force = {
            kind: scale_limits(cap_limits(self.site, kind, limits), share)
            for kind, limits in self.limits.items()
        }
        if self.is_cut(now):
            in_force[self.kind] = scale_limits(in_force[self.kind], CUT_SHARE)
        paused = self.paused_until
        return QuotaContext(
            account_id=self.account_id,
            zone=self.zone,
            kind=self.kind,
            run_id=run_id,
            limits=in_force[self.kind],
            totals=scale_totals(cap_totals(self.site, self.totals), share),
            shares={kind: limits.reserved_per_day for kind, limits in in_force.items()},
            epoch=self.epoch,
            paused_until=paused if paused is not None and paused > now else None,
        )

    def same_until(self, now: datetime) -> datetime:
        """Return the instant up to which `context_at` returns the same as at `now`."""
        changes = (local_day(now, self.zone).end, self.cut_until, self.paused_until)
        return min(change for change in changes if change is not None and change > now)

    def is_cut(self, now: datetime) -> bool:
        """Whether a limit page of the site still cuts the limits at `now`."""
        return self.cut_until is not None and self.cut_until > now
