"""Start the sending child for one request, and wait for its answer, but not for ever."""

import subprocess
import sys
from threading import Event
from typing import Final

from pydantic import ValidationError

from worker.clock import monotonic_seconds
from worker.notices.protocol import (
    CheckedUrl,
    ChildAnswer,
    ChildRequest,
    Message,
    SendResult,
    TargetAddress,
)
from worker.rules.notices.deliveries import SendFailure
from worker.settings import sender_environment

WITHIN_S: Final = 45.0
"""Of one message. Shorter than the lease of a delivery, so that no second sender begins meanwhile."""
_STOPPING_S: Final = 5.0
"""How much longer a message may take after the process was told to stop."""
_POLL_S: Final = 0.1
_NEVER: Final = Event()


def send(
    address: TargetAddress, message: Message, *, stopping: Event = _NEVER, within_s: float = WITHIN_S
) -> SendResult:
    """Send a message, and return how that ended. Raises nothing for what a service does."""
    try:
        answer = _ask(ChildRequest(address=address, message=message), stopping, within_s)
    except OSError:  # this machine has no memory for it, say
        return SendResult(failure=SendFailure.NOT_SENT)
    if answer is None or answer.sent is None:
        return SendResult(failure=SendFailure.TIMEOUT, may_have_arrived=True)
    return answer.sent


def check_url(address: TargetAddress) -> CheckedUrl:
    """Return what a URL means, or its problem."""
    answer = _ask(ChildRequest(address=address), _NEVER, WITHIN_S)
    if answer is None or answer.checked is None:
        return CheckedUrl(problem="it can't be used: the service's own check of it failed")
    return answer.checked


def _ask(request: ChildRequest, stopping: Event, within_s: float) -> ChildAnswer | None:
    """Return the child's answer; None if it died or was killed for taking too long. Raises OSError."""
    # In a session of its own: Ctrl-C in the terminal must not end it in the middle of a message.
    with subprocess.Popen(
        [sys.executable, "-m", "worker.notices.sender"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=sender_environment(),
        start_new_session=True,
    ) as child:
        until = monotonic_seconds() + within_s
        given: bytes | None = request.model_dump_json().encode()
        while True:
            try:
                answer, _ = child.communicate(given, timeout=_POLL_S)
                break
            except subprocess.TimeoutExpired:
                given = None  # it has been passed on
            if stopping.is_set():
                until = min(until, monotonic_seconds() + _STOPPING_S)
                stopping = _NEVER
            if monotonic_seconds() > until:
                child.kill()
                return None
    try:
        return ChildAnswer.model_validate_json(answer)
    except ValidationError:
        return None
