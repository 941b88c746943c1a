"""Whether campaigns do what they are for."""

from ops.monitoring.dashboards.expressions import hourly, state
from ops.monitoring.dashboards.model import Dashboard, Look, Panel, Query, Row, Unit

CAMPAIGNS = Dashboard(
    "rapport-campaigns",
    "Rapport: campaigns",
    "What was sent, what waits and for whom, and which accounts act.",
    (
        Row(
            "Today",
            (
                Panel(
                    "Greetings sent in 24 hours",
                    "Greetings that were seen on the site after they were sent.",
                    Unit.COUNT,
                    [
                        Query(
                            'sum(increase(linkedin_birthday_messages_sent_total{status="success"}[1d]))',
                            "sent",
                        )
                    ],
                    Look.NUMBER,
                    width=4,
                ),
                Panel(
                    "Greetings that failed in 24 hours",
                    "Attempts that ended without a message.",
                    Unit.COUNT,
                    [
                        Query(
                            'sum(increase(linkedin_birthday_messages_sent_total{status="failed"}[1d]))',
                            "failed",
                        )
                    ],
                    Look.NUMBER,
                    width=4,
                ),
                Panel(
                    "Greetings answered in 24 hours",
                    "People who wrote after their greeting. Automatic answers don't count.",
                    Unit.COUNT,
                    [Query("sum(increase(rapport_replies_total[1d]))", "answered")],
                    Look.NUMBER,
                    width=4,
                ),
                Panel(
                    "Waiting for your approval",
                    "Actions that are proposed; `rapport review` shows them.",
                    Unit.COUNT,
                    [Query('sum(max by (kind, state) (rapport_actions{state="proposed"}))', "proposed")],
                    Look.NUMBER,
                    width=4,
                ),
                Panel(
                    "Waiting for your judgement",
                    "Messages that may have been sent; `rapport actions review` shows them.",
                    Unit.COUNT,
                    [
                        Query(
                            'sum(max by (kind, state) (rapport_actions{state="needs_review"}))',
                            "needs review",
                        )
                    ],
                    Look.NUMBER,
                    width=4,
                ),
                Panel(
                    "Being checked",
                    "Messages that may have been sent and that a worker will look for.",
                    Unit.COUNT,
                    [Query('sum(max by (kind, state) (rapport_actions{state="uncertain"}))', "uncertain")],
                    Look.NUMBER,
                    width=4,
                ),
            ),
        ),
        Row(
            "Campaigns",
            (
                Panel(
                    "Greetings in each hour",
                    "Effects on the site only: a denied or skipped greeting is neither success nor failure.",
                    Unit.COUNT,
                    [hourly("linkedin_birthday_messages_sent_total", "status")],
                    stacked=True,
                ),
                Panel(
                    "Contacts processed in each hour",
                    "Each contact whose action ended, by the campaign's source and how it ended.",
                    Unit.COUNT,
                    [hourly("linkedin_contacts_processed_total", "source, outcome")],
                    stacked=True,
                ),
                Panel(
                    "Open actions by state",
                    "The plan as it is now. Planned actions wait for their time or for the quota.",
                    Unit.COUNT,
                    [Query("sum by (state) (max by (kind, state) (rapport_actions))", "{{state}}")],
                    stacked=True,
                ),
                Panel(
                    "How actions ended, and why not",
                    "Ends and denials in each hour, by state and reason.",
                    Unit.COUNT,
                    [hourly("rapport_action_transitions_total", "state, reason")],
                    stacked=True,
                ),
                Panel(
                    "How late the oldest due action is",
                    "From the time at which it should have been handed to a worker. 0: nothing is late.",
                    Unit.SECONDS,
                    [state("rapport_oldest_due_action_age_seconds", "kind")],
                ),
                Panel(
                    "How long the oldest action has been in its state",
                    "Proposed and needs_review wait for you, uncertain for a check, the others for a worker.",
                    Unit.SECONDS,
                    [state("rapport_oldest_action_age_seconds", "state")],
                ),
            ),
        ),
        Row(
            "Accounts",
            (
                Panel(
                    "Accounts by status",
                    "Only active accounts act. A person pauses an account, its site stops it.",
                    Unit.COUNT,
                    [
                        Query(
                            "sum by (status) (max by (site, status, reason) (rapport_accounts))", "{{status}}"
                        )
                    ],
                    stacked=True,
                ),
                Panel(
                    "Accounts that do nothing, and why",
                    "Stopped by their site, paused by a person, or stopped by the kill switch.",
                    Unit.COUNT,
                    [state("rapport_account_stopped", "account, reason")],
                    Look.TABLE,
                    empty="None is stopped",
                ),
                Panel(
                    "When sign-ins expire",
                    "Sign in before, and the account doesn't stop.",
                    Unit.DATE,
                    [
                        Query(
                            "1000 * min by (account) (rapport_sign_in_expires_timestamp_seconds)",
                            "{{account}}",
                        )
                    ],
                    Look.NUMBER,
                    empty="Not known",
                ),
                Panel(
                    "Sessions by age",
                    "How long ago the accounts were signed in.",
                    Unit.COUNT,
                    [state("rapport_sessions", "age")],
                    stacked=True,
                ),
            ),
        ),
    ),
)
