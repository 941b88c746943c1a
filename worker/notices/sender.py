"""The sending child: reads one request from standard input, sends or checks, and prints the answer.

Started for each message with an environment of its own, and killed if it takes too long. Everything that a
service may do wrong stays in it: hanging, using memory, raising any error, logging its URL.
"""

import resource
import sys
from contextlib import suppress
from typing import Final

from worker import clock
from worker.notices import webhook
from worker.notices.protocol import ChildAnswer, ChildRequest, SendResult
from worker.rules.notices.deliveries import SendFailure

_MEMORY_BYTES: Final = 512 << 20
"""Of address space, six times what it uses, so that no server's answer fills the machine's memory."""


def main() -> None:
    """Answer one request. Prints nothing else: an error's text could quote the URL."""
    with suppress(ValueError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    request = ChildRequest.model_validate_json(sys.stdin.buffer.read())
    try:
        answer = _answer(request)
    except Exception:  # noqa: BLE001 -- the outermost boundary of this process, around code of 190 services
        answer = ChildAnswer(sent=SendResult(failure=SendFailure.NOT_SENT, may_have_arrived=True))
    sys.stdout.write(answer.model_dump_json())


def _answer(request: ChildRequest) -> ChildAnswer:
    url = request.address.url
    if webhook.is_webhook(url.get_secret_value()):
        if request.message is None:
            return ChildAnswer(checked=webhook.check_url(url.get_secret_value()))
        timestamp = int(clock.now().timestamp())
        return ChildAnswer(sent=webhook.post(request.address, request.message, timestamp=timestamp))
    from worker.notices import apprise_service  # noqa: PLC0415 -- takes longer than all others

    if request.message is None:
        return ChildAnswer(checked=apprise_service.check_url(url.get_secret_value()))
    return ChildAnswer(sent=apprise_service.send(url, request.message))


if __name__ == "__main__":
    main()
