"""Send only the statements of so many actions, without anything around them.

A child of the bench `actions`, whose floor it is. Each line on the standard input is the id of an account's
queued action, and a number of actions; the answer is a line with their seconds.
"""

import sys
import time
from datetime import timedelta
from typing import Any

import redis
from psycopg.rows import namedtuple_row

from db.bounded_connection import BoundedConnection, RawCursor
from db.queries import load_driver_query
from worker.rules.ledger_gap import REMEMBERED
from worker.settings import get_settings

LEASE = timedelta(minutes=3)
CALLS_OF_REDIS = 4
"""Three of the quota, and a message."""


class BareClient:
    """Executes the statements of db/queries/ in as many round trips as Rapport does."""

    def __init__(self) -> None:
        settings = get_settings()
        url = settings.required("database_url").get_secret_value()
        self._connection = BoundedConnection.connect(url)
        self._connection.set_limits({"timezone": "UTC"}, answer_within_s=None)
        self._redis = redis.Redis.from_url(settings.required("redis_url").get_secret_value())

    def perform(self, action_id: object) -> object:
        """Send the statements of one action; return the id of the account's next one."""
        given = {"action_id": action_id, "owner": "bare", "lease": LEASE, "remembered": REMEMBERED}
        claim = self._send("claim_action", given)
        asked = {"action_id": action_id, "account_id": claim.account_id, "locks_epoch": True}
        self._send_first("lock_recipient", {"site": claim.site, "addresses": [claim.profile_url]})
        self._send("read_gates", asked, commits=False)
        given = {"action_id": action_id, "attempt": claim.attempt}
        self._send("write_intent", given)
        done = {"was": "acting", "status": "sent", "text": "Hi", "screenshot": None, "zone": "UTC"}
        self._send("record_effect", {**given, **done})
        self._send_first("lock_account", {"account_id": claim.account_id})
        due = {"account_id": claim.account_id, "lease": LEASE, "undo_first": timedelta(0)}
        following = self._send("queue_next_action", due)
        for _ in range(CALLS_OF_REDIS):
            self._redis.incr("bare")
        return following.id

    def _send_first(self, name: str, values: dict[str, Any]) -> None:
        query = load_driver_query(name)
        self._connection.sent_first.append((query.text, query.list_values(values)))

    def _send(self, name: str, values: dict[str, Any], *, commits: bool = True) -> Any:  # noqa: ANN401 -- a row
        self._connection.commits_next = commits
        query, cursor = load_driver_query(name), RawCursor(self._connection, row_factory=namedtuple_row)
        return cursor.execute(query.text, query.list_values(values)).fetchone()


def main() -> None:
    client = BareClient()
    for line in sys.stdin:
        action_id, count = line.split()
        began = time.perf_counter()
        following: object = action_id
        for _ in range(int(count)):
            following = client.perform(following)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
