"""Count which forms of marks matched on a site's pages, and learn from the counts of all workers.

Call these between two actions. Losing a count is harmless, so a failure is only logged.
"""

from sqlalchemy.exc import SQLAlchemyError

from db.engine import Database
from db.store import mark_matches
from db.store.mark_matches import FormKey
from worker import logs, metrics
from worker.browser.marks import MEMORY, MarkKey

log = logs.get_logger(__name__)

NO_FORM = "none"
"""The metric's version of a look in which no form matched."""


def save_looks(database: Database) -> None:
    """Save what this process counted since the last call, and log the marks that are found less than before.

    Runs no statement if nothing was counted, and a second one if a mark was missed.
    """
    taken = MEMORY.take()
    if not taken:
        return
    for key, count in taken.items():
        metrics.MARK_MATCHES.labels(key.site, key.mark, key.version or NO_FORM).inc(count)
    missed = {(key.site, key.mark) for key in taken if key.version is None}
    try:
        with database.transaction() as session:
            mark_matches.add_looks(session, {_form_key(key): count for key, count in taken.items()})
            fallen = mark_matches.list_fallen(session, {site for site, _ in missed}) if missed else ()
    except SQLAlchemyError as error:
        log.warning("mark_looks_not_saved", error=type(error).__name__)
        return
    if gone := [f"{each.mark}: {each.trend}" for each in fallen if (each.site, each.mark) in missed]:
        log.error(
            "marks_missing",
            marks=gone,
            text="the site's pages may have changed: run `rapport selectors check ACCOUNT`",
        )


def learn_order(database: Database) -> None:
    """Let this process first try the forms that matched most on all workers."""
    try:
        with database.transaction() as session:
            matches = mark_matches.count_matches(session)
    except SQLAlchemyError as error:
        log.warning("mark_order_not_learned", error=type(error).__name__)
        return
    MEMORY.learn({MarkKey(key.site, key.mark, key.version): count for key, count in matches.items()})


def _form_key(key: MarkKey) -> FormKey:
    return FormKey(key.site, key.mark, key.version)
