"""The types of linkedin_errors_total by service. Each is exposed from the start, at 0."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from worker.errors import Reason

HTTP_STATUSES: Final = tuple(status.value for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST)
"""Any other of 400 and above counts as `http_other`."""

TASK_ERRORS: Final = (
    "arguments", "request_refused", "configuration", "time_limit", "worker_lost", "postgres", "redis",
)  # fmt: skip
"""What ends a task besides our errors; any other exception counts as `unexpected`."""

_SITE_SERVICES: Final = ("perform", "look", "read_birthdays", "read_invitations", "read_replies")

TYPES_OF_SERVICE: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_SITE_SERVICES, tuple(Reason)),
    "recover": (Reason.LEASE_LAPSED,),
    "publish": (Reason.BROKER_UNREACHABLE,),
    "task": (*TASK_ERRORS, *Reason),
    "http": (*(f"http_{status}" for status in HTTP_STATUSES), "http_other"),
}

ERROR_LABELS: Final = tuple(
    (str(kind), service) for service, kinds in TYPES_OF_SERVICE.items() for kind in kinds
)
"""The label values of every known error: type and service."""


def http_error_type(status: int) -> str:
    """Return the type of an answer of 400 or above."""
    return f"http_{status}" if status in HTTP_STATUSES else "http_other"
