"""The version of the contract between those who send tasks by name and the workers.

It is the argument `contract_version` of a task; a message without it has version 1. A new task or optional
argument doesn't change it. What would break a sender does: an argument that is removed, becomes required, or
means something else. A worker then still accepts the version before.
"""

from typing import Final

from worker.rules.wire.refusals import MessageRefusedError, Refusal

VERSION_ARGUMENT: Final = "contract_version"

OLDEST_VERSION: Final = 1
NEWEST_VERSION: Final = 1


def check_version(arguments: dict[str, object]) -> None:
    """Check the contract version of a task's arguments. Raises MessageRefusedError for an unknown one."""
    given = arguments.get(VERSION_ARGUMENT, OLDEST_VERSION)
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if not is_number or given not in range(OLDEST_VERSION, NEWEST_VERSION + 1):
        raise MessageRefusedError(
            Refusal.UNKNOWN_VERSION,
            f"{VERSION_ARGUMENT}: not a version that this worker accepts, which is {OLDEST_VERSION}"
            + (f" to {NEWEST_VERSION}" if NEWEST_VERSION > OLDEST_VERSION else ""),
        )
