"""How much of the quota is used, and what it denies."""

from ops.monitoring.dashboards.expressions import hourly, percentiles, state
from ops.monitoring.dashboards.model import Dashboard, Look, Panel, Query, Row, Unit

QUOTA = Dashboard(
    "rapport-quota",
    "Rapport: quota and breaker",
    "What may still be done, how use develops, why actions are denied, and whether the breaker is open.",
    (
        Row(
            "Now",
            (
                Panel(
                    "Greetings left",
                    "Of the active account that has the fewest left, in its day and in seven days.",
                    Unit.COUNT,
                    [state("linkedin_rate_limit_remaining", "period")],
                    Look.NUMBER,
                    width=8,
                ),
                Panel(
                    "Postgres decides",
                    "1 while Redis can't decide. The limits are the same, the decisions slower.",
                    Unit.YES_OR_NO,
                    [Query("max(rapport_quota_fallback_in_force)", "fallback")],
                    Look.NUMBER,
                    width=8,
                ),
                Panel(
                    "Accounts whose breaker is not closed",
                    "The site failed several times in a row, so a kind of action waits.",
                    Unit.COUNT,
                    [
                        Query(
                            'sum(max by (kind, state) (rapport_breakers{state=~"open|half_open"}))',
                            "not closed",
                        )
                    ],
                    Look.NUMBER,
                    width=8,
                ),
            ),
        ),
        Row(
            "Use and trends",
            (
                Panel(
                    "Left, by kind and window",
                    "The lowest of all accounts. At 0 this account does nothing more of this kind for now.",
                    Unit.COUNT,
                    [state("rapport_quota_remaining", "kind, window")],
                ),
                Panel(
                    "Used, by kind and window",
                    "The highest of all accounts.",
                    Unit.COUNT,
                    [state("rapport_quota_used", "kind, window")],
                ),
                Panel(
                    "Greetings left, and a week before",
                    "Two lines far apart: the account greets more or less than it did a week ago.",
                    Unit.COUNT,
                    [
                        Query('max(linkedin_rate_limit_remaining{period="weekly"})', "now"),
                        Query(
                            'max(linkedin_rate_limit_remaining{period="weekly"} offset 1w)', "a week before"
                        ),
                    ],
                    empty="Nothing was recorded then",
                ),
                Panel(
                    "Answers of the quota in each hour",
                    "Granted, or the reason of the denial. A denied action asks again later.",
                    Unit.COUNT,
                    [hourly("rapport_quota_decisions_total", "answer")],
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Breaker",
            (
                Panel(
                    "Breakers by state",
                    "Accounts whose breaker is closed, open, or lets one action try (half_open).",
                    Unit.COUNT,
                    [state("rapport_breakers", "kind, state")],
                ),
                Panel(
                    "Denials by the breaker in each hour",
                    "Actions that the breaker made wait.",
                    Unit.COUNT,
                    [hourly("rapport_quota_decisions_total", "kind, answer", '{answer=~"breaker_.*"}')],
                    stacked=True,
                    empty="The breaker denied nothing",
                ),
            ),
        ),
        Row(
            "Redis and the ledger",
            (
                Panel(
                    "How long a reservation takes",
                    "One decision with all gates, as the worker sees it.",
                    Unit.SECONDS,
                    percentiles("rapport_reservation_seconds", "engine"),
                ),
                Panel(
                    "Rebuilds, fallbacks and disagreements in each hour",
                    "Redis lost its counters; Postgres decided; Redis and the ledger counted differently.",
                    Unit.COUNT,
                    [
                        Query("sum(increase(rapport_quota_rebuilds_total[1h]))", "rebuilds"),
                        Query("sum(increase(rapport_quota_fallback_total[1h]))", "decided by Postgres"),
                        Query(
                            "sum(increase(rapport_quota_disagreements_total[1h])) or vector(0)",
                            "disagreements",
                        ),
                    ],
                ),
            ),
        ),
    ),
    hours=7 * 24,
)
