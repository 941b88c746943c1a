"""Make the backup that is planned by a row."""

from db.backup.make import make_backup
from db.backup.targets import open_target
from db.store.backups.plan import get_plan
from tasks.services import Services
from worker import logs

log = logs.get_logger(__name__)


def make_planned_backup(services: Services) -> None:
    """Write one backup, and delete those that are too old. Does nothing if none is planned any more."""
    with services.database.transaction() as session:
        plan = get_plan(session)
    if plan is None:
        return
    report = make_backup(
        services.settings.required("database_url").get_secret_value(),
        open_target(plan.target),
        plan.recipients,
        evidence=services.settings.evidence_dir if plan.evidence else None,
        keep=plan.keep,
    )
    log.info(
        "backup_made",
        rows=report.rows,
        bytes=report.bytes,
        files=report.files,
        left_out=list(report.left_out),
        deleted=len(report.deleted),
        seconds=round(report.seconds, 1),
    )
