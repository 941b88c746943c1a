"""Every query of the dashboards and alerts, asked of a real Prometheus that scraped the real system."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from db.tables import Account, MarkMatch, UpkeepRecord
from ops.monitoring.recording.servers import Prometheus
from tests.builders import an_account, database_now
from tests.cluster import wait_for
from tests.ops.promql import fill_in, list_panels, list_rules, parse_names
from worker.errors import Reason
from worker.rules.model import AccountStatus

LATE = timedelta(days=9)


def break_everything(session: Session, metrics_dir: Path) -> None:
    """Make each state true that has no series while all is well."""
    now = database_now(session)
    session.execute(update(Account).values(session_expires_at=now + timedelta(days=2)))
    stopped = an_account(session, "stopped")
    session.execute(
        update(Account)
        .where(Account.id == stopped.id)
        .values(status=AccountStatus.STOPPED, stop_reason=Reason.CHALLENGE)
    )
    session.execute(
        update(UpkeepRecord).values(
            last_ok_at=now - LATE, added_at=now - LATE, last_failed_at=now, error="a test", due_at=now + LATE
        )
    )
    looks = {"site": "sandbox", "mark": "composer"}
    session.execute(
        insert(MarkMatch),
        [
            looks | {"version": "role", "day": now.date() - LATE, "looks": 20},
            looks | {"version": "", "day": now.date(), "looks": 9},
        ],
    )
    (metrics_dir / "damaged").mkdir()
    (metrics_dir / "damaged" / "counter_1.db").write_bytes(b"no metrics")


def check_every_query(prometheus: Prometheus) -> None:
    """Fail for a query without data, and for one that names a label that its metric doesn't have.

    A panel that says what no data mean needs none, nor does an alert. Whether the metrics that they name are
    declared is tested in tests/ops.
    """
    wait_for("the evaluation of all rules", lambda: {r["health"] for r in prometheus.list_rules()} == {"ok"})
    wait_for("a scrape of the late jobs", lambda: prometheus.query("rapport_upkeep_late"))
    queries = [(name, panel.empty, query) for name, panel in list_panels() for query in panel.queries]
    problems = [
        f"{name}: no data: {query.expr}"
        for name, may_be_empty, query in queries
        if not may_be_empty and not prometheus.query(fill_in(query.expr))
    ]
    asked = [(name, fill_in(query.expr)) for name, _, query in queries]
    asked += [(rule["alert"], rule["expr"]) for rule in list_rules()]
    for name, expr in asked:
        for metric, labels in parse_names(expr).matched.items():
            found = {label for series, _ in prometheus.query(metric) for label in series}
            if found and not labels <= found:
                problems.append(f"{name}: {metric} has no {labels - found}")
    assert not problems, "\n".join(problems)
