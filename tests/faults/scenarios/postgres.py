"""Postgres restarts, crashes and ends its sessions."""

import signal
from typing import Final

from tests.faults.harness import Harness
from tests.faults.scenarios.model import Scenario, Strike


def postgres_restarts(how: signal.Signals) -> Strike:
    """Restarted in the middle of an action: SIGINT is a fast shutdown, SIGQUIT an immediate one."""

    def strike(harness: Harness) -> int:
        child = harness.stop_at("before_send")
        harness.restart_postgres(how)
        child.resume()
        harness.next_greeting()
        harness.restart_postgres(how)
        return 2

    return strike


def cut_before_record(harness: Harness) -> int:
    """The connections die between the effect and its record."""
    child = harness.stop_at("after_proof")
    harness.cut_postgres()
    child.resume()
    return 1


def crash_before_record(harness: Harness) -> int:
    """Postgres itself crashes between the effect and its record."""
    child = harness.stop_at("after_proof")
    harness.restart_postgres(signal.SIGQUIT)
    child.resume()
    return 1


POSTGRES: Final = {
    "Postgres restarts, fast": Scenario(postgres_restarts(signal.SIGINT)),
    "Postgres restarts, immediate": Scenario(postgres_restarts(signal.SIGQUIT)),
    "Postgres connection lost before the record": Scenario(cut_before_record),
    "Postgres crashes before the record": Scenario(crash_before_record),
}
