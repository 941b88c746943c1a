"""For each alert: series that begin harmless, become bad and end well, in the notation of `promtool`."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AlertCase:
    """One alert. The series have a value for each `interval`, in Prometheus' notation `start+step x times`.
    The rules are evaluated as often; a case of days with an interval of a minute would take seconds.

    The alert must be silent at each time of `silent`, and firing with these labels at `firing`. If another
    condition makes it fire too, it must fire at `again`.
    """

    alert: str
    series: dict[str, str]
    labels: dict[str, str]
    silent: tuple[str, ...]
    firing: str
    interval: str = "1m"
    again: str | None = None

    def build(self, severity: str) -> dict[str, Any]:
        """Return a test of promtool's file."""
        fires = {"alertname": self.alert, "alertstate": "firing", "severity": severity, **self.labels}
        labels = ", ".join(f'{name}="{value}"' for name, value in fires.items())
        expr = f'ALERTS{{alertname="{self.alert}", alertstate="firing"}}'
        samples = [{"labels": f"ALERTS{{{labels}}}", "value": 1}]
        return {
            "name": self.alert,
            "interval": self.interval,
            "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
            "promql_expr_test": [
                *({"expr": expr, "eval_time": time, "exp_samples": []} for time in self.silent),
                *(
                    {"expr": expr, "eval_time": time, "exp_samples": samples}
                    for time in filter(None, (self.firing, self.again))
                ),
            ],
        }


def age(state: str, values: str) -> dict[str, str]:
    return {f'rapport_oldest_action_age_seconds{{state="{state}"}}': values}


CASES = (
    AlertCase(
        "RapportAccountStopped",
        {
            'rapport_account_stopped{account="ann",reason="challenge"}': "_x4 1x10 stale",
            'rapport_account_stopped{account="bob",reason="account_paused"}': "1x40",
        },
        {"account": "ann", "reason": "challenge"},
        silent=("4m", "25m"),
        firing="17m",  # two minutes after the series ended
    ),
    AlertCase(
        "RapportPausedForDays",
        {
            'rapport_account_stopped{account="ann",reason="account_paused"}': "1x300 stale",
            'rapport_account_stopped{account="bob",reason="challenge"}': "1x500",
        },
        {"account": "ann", "reason": "account_paused"},
        silent=("47h", "51h"),
        firing="49h",
        interval="10m",
    ),
    AlertCase(
        "RapportSignInExpires",
        # The clock of these tests begins at 0. The account is signed in again after three hours.
        {'rapport_sign_in_expires_timestamp_seconds{account="ann"}': "262800x180 9000000x200"},
        {"account": "ann"},
        silent=("1h10m", "3h5m"),
        firing="2h",
    ),
    AlertCase(
        "RapportNeedsReview",
        age("needs_review", "0x10 0+60x200 0x20") | age("uncertain", "9000x300"),
        {"state": "needs_review"},
        silent=("140m", "212m"),
        firing="160m",
    ),
    AlertCase(
        "RapportUncertainForLong",
        age("uncertain", "0x10 0+60x200 0x20") | age("needs_review", "9000x300"),
        {"state": "uncertain"},
        silent=("140m", "212m"),
        firing="160m",
    ),
    AlertCase(
        "RapportProposalsWaiting",
        # Proposed at noon, approved at six.
        age("proposed", "0x72 0+600x36 0x6"),
        {"state": "proposed"},
        silent=("14h50m", "15h10m", "18h20m"),
        firing="16h",
        interval="10m",
    ),
    AlertCase(
        "RapportMarksMissing",
        {'rapport_marks_missing{site="linkedin",mark="composer",trend="missing"}': "_x4 1x40 stale"},
        {"site": "linkedin", "mark": "composer", "trend": "missing"},
        silent=("15m", "50m"),
        firing="30m",
    ),
    AlertCase(
        "RapportQueueUnconsumed",
        {
            'rapport_queue_consumers{queue="birthday"}': "2x4 0x10 1x10",
            'rapport_queue_consumers{queue="control"}': "1x30",
        },
        {"queue": "birthday"},
        silent=("7m", "17m"),
        firing="10m",
    ),
    AlertCase(
        "RapportQueueOld",
        {'rapport_queue_oldest_message_age_seconds{queue="visitor"}': "0x4 0+60x30 0x10"},
        {"queue": "visitor"},
        silent=("18m", "40m"),
        firing="25m",
    ),
    AlertCase(
        "RapportDispatchLate",
        {'rapport_oldest_due_action_age_seconds{kind="greet"}': "0x4 0+60x40 0x10"},
        {"kind": "greet"},
        silent=("25m", "50m"),
        firing="35m",
    ),
    AlertCase(
        "RapportLeaseOld",
        {"rapport_oldest_lease_age_seconds": "0x4 0+60x50 0x10"},
        {},
        silent=("36m", "60m"),
        firing="45m",
    ),
    AlertCase(
        "RapportUpkeepLate",
        {'rapport_upkeep_late{job="rapport",exported_job="retention"}': "_x4 1x30 stale"},
        {"exported_job": "retention"},
        silent=("10m", "40m"),
        firing="20m",
    ),
    AlertCase(
        "RapportWorkerGone",
        # A fourth worker is there for five minutes while one is replaced; later one is gone, and comes back.
        {"rapport_workers_alive": "3x60 4x5 3x60 2x30 3x30"},
        {},
        silent=("100m", "130m", "165m"),
        firing="145m",
    ),
    AlertCase(
        "RapportWorkersDie",
        {
            'rapport_action_transitions_total{state="planned",reason="lease_lapsed"}': "0x9 1x10 2x100",
            'rapport_action_transitions_total{state="uncertain",reason="lease_lapsed"}': "0x30 2x90",
            'rapport_action_transitions_total{state="planned",reason="gap"}': "0+9x120",
        },
        {},
        silent=("31m", "95m"),
        firing="35m",
    ),
    AlertCase(
        "RapportWorkerFreezes",
        {'rapport_worker_freezes_total{queue="birthday"}': "0x30 0+1x4 4x100"},
        {"queue": "birthday"},
        silent=("34m", "110m"),
        firing="40m",
    ),
    AlertCase(
        "RapportBrowserCrashes",
        {
            'rapport_browser_crashes_total{instance="a"}': "0x10 0+1x2 2x60",
            'rapport_browser_crashes_total{instance="b"}': "0x10 0+1x2 2x60",
        },
        {},
        silent=("13m", "40m"),
        firing="16m",
    ),
    AlertCase(
        "RapportBreakerOpen",
        {
            'rapport_breakers{kind="greet",state="closed"}': "1x4 0x10 1x10",
            'rapport_breakers{kind="greet",state="open"}': "0x4 1x5 0x20",
            'rapport_breakers{kind="greet",state="half_open"}': "0x4 0x5 1x5 0x10",
            'rapport_breakers{kind="visit",state="open"}': "0x30",
        },
        {"kind": "greet"},
        silent=("6m", "20m"),
        firing="12m",
    ),
    AlertCase(
        "RapportQuotaFallback",
        {
            "rapport_quota_fallback_in_force": "0x4 1x15 0x100",
            # decided without it once, and later every two minutes
            "rapport_quota_fallback_total": "0x40 1x20 2 2 3 3 4 4 5 5 6 6 6x100",
        },
        {},
        silent=("9m", "22m", "44m", "46m", "64m", "80m"),
        firing="15m",
        again="69m",
    ),
    AlertCase(
        "RapportQuotaRebuilds",
        {
            'rapport_accounts{site="sandbox",status="active",reason="none"}': "2x200",
            'rapport_quota_rebuilds_total{engine="redis"}': "0x10 2x60 2+1x10 12x100",
        },
        {},
        silent=("20m", "82m", "160m"),
        firing="90m",
    ),
    AlertCase(
        "RapportQuotaDisagreement",
        {'rapport_quota_disagreements_total{kind="greet"}': "0x10 1x100"},
        {"kind": "greet"},
        silent=("11m", "80m"),
        firing="20m",
    ),
    AlertCase(
        "RapportDown",
        {'up{job="rapport",instance="api:8000"}': "1x4 0x10 1x10"},
        {"job": "rapport", "instance": "api:8000"},
        silent=("6m", "16m"),
        firing="10m",
    ),
    AlertCase(
        "RapportMachineDown",
        {
            'up{job="rapport",instance="api:8000"}': "1x30",
            'up{job="rapport-machines",instance="two:9750"}': "1x4 0x15 1x10",
        },
        {"job": "rapport-machines", "instance": "two:9750"},
        silent=("9m", "22m"),
        firing="15m",
    ),
    AlertCase(
        "RapportPostgresDown",
        {"rapport_postgres_up": "1x4 0x10 1x20"},
        {},
        silent=("5m", "16m"),
        firing="10m",
    ),
    AlertCase(
        "RapportRedisDown",
        {"rapport_redis_up": "1x4 0x10 1x20"},
        {},
        silent=("5m", "16m"),
        firing="10m",
    ),
    AlertCase(
        "RapportMetricsDamaged",
        {"rapport_metric_files_damaged": "_x4 2x20 stale"},
        {},
        silent=("13m", "30m"),
        firing="20m",
    ),
    AlertCase(
        "RapportErrorsRising",
        # Six in five minutes is usual for most of a day. Then a burst of eighty.
        {
            'linkedin_errors_total{type="site_unreachable",service="worker"}': "0+6x240 1520+80x5 1926+6x30",
            'linkedin_errors_total{type="http_404",service="api"}': "0x300",
        },
        {"service": "worker"},
        silent=("19h", "20h5m", "21h40m"),
        firing="20h20m",
        interval="5m",
    ),
    AlertCase(
        "RapportHttpErrors",
        {
            'linkedin_api_request_duration_seconds_count{status="200"}': "0+100x100",
            'linkedin_api_request_duration_seconds_count{status="503"}': "0+1x20 30+10x20 231+1x60",
        },
        {},
        silent=("26m", "65m"),
        firing="35m",
    ),
    AlertCase(
        "RapportHttpSlow",
        {
            'linkedin_api_request_duration_seconds_bucket{route="/a",le="1"}': "0+10x20 200x40 210+10x80",
            'linkedin_api_request_duration_seconds_bucket{route="/a",le="5"}': "0+10x140",
            'linkedin_api_request_duration_seconds_bucket{route="/a",le="+Inf"}': "0+10x140",
            'linkedin_api_request_duration_seconds_bucket{route="/metrics",le="1"}': "0x140",
            'linkedin_api_request_duration_seconds_bucket{route="/metrics",le="+Inf"}': "0+900x140",
        },
        {},
        silent=("25m", "90m"),
        firing="50m",
    ),
    AlertCase(
        "RapportNoticesStuck",
        {"rapport_oldest_pending_notice_age_seconds": "0x4 0+60x30 0x10"},
        {},
        silent=("22m", "40m"),
        firing="30m",
    ),
    AlertCase(
        "RapportNoticesFailed",
        {
            'rapport_notices_total{kind="account_stopped",outcome="failed"}': "0x10 1x100",
            'rapport_notices_total{kind="account_stopped",outcome="sent"}': "0+1x100",
        },
        {"kind": "account_stopped"},
        silent=("11m", "80m"),
        firing="20m",
    ),
)
