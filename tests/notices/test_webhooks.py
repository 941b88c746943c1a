"""Webhooks: signed, with a documented body, and read by the receiver of the documentation."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from db.engine import Database
from tasks.notices.sending import Sender
from tests.notices.conftest import AddTarget
from tests.notices.receivers import Posted, Receiver
from tests.notices.test_deliveries import LATE, REVIEW, STOPPED, age, claimed, dispatch, happen
from worker import clock
from worker.notices import webhook
from worker.notices.protocol import Message, SendResult, TargetAddress
from worker.notices.webhook_body import format_schema
from worker.rules.notices.deliveries import SendFailure

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = DOCS / "notice.schema.json"


def documented_receiver() -> dict[str, Any]:
    """Run the example of the documentation; return its functions."""
    (program,) = re.findall(r"```python\n(.*?)```", (DOCS / "notices.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)  # the documentation is ours
    return names


def validate(*bodies: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA), *map(str, bodies)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def post(receiver: Receiver, *, timestamp: int | None = None, secret: SecretStr | None = None) -> SendResult:
    address = TargetAddress(url=SecretStr(receiver.url), secret=secret or webhook.make_secret())
    message = Message(id="m", title="t", text="t", payload="{}")
    now = int(clock.now().timestamp())
    return webhook.post(address, message, timestamp=now if timestamp is None else timestamp)


def test_what_is_sent_has_the_documented_form_and_the_documented_receiver_takes_it(
    database: Database, add: AddTarget, notice_sender: Sender, receiver: Receiver, tmp_path: Path
) -> None:
    assert SCHEMA.read_text() == format_schema(), "run python -m worker.notices.webhook_body > " + SCHEMA.name
    secret = add(receiver.url, name="hook").secret
    assert secret is not None
    for kind in (STOPPED, REVIEW, LATE):
        happen(database, kind)
    dispatch(database)
    age(database, "1 minute")
    for _ in range(2):
        notice_sender.send(claimed(database, "hook"))
    bodies = [tmp_path / f"{number}.json" for number, _ in enumerate(receiver.posted)]
    for path, posted in zip(bodies, receiver.posted, strict=True):
        path.write_bytes(posted.body)
    example = tmp_path / "example.json"
    example.write_text(re.findall(r"```json\n(.*?)```", (DOCS / "notices.md").read_text(), re.DOTALL)[0])
    validate(example, *bodies)
    assert [len(json.loads(each.body)["events"]) for each in receiver.posted] == [1, 2]
    program = documented_receiver()
    for each in receiver.posted:
        assert program["receive"](secret.get_secret_value(), each.headers, each.body) == 204
    assert program["SEEN"] == set(receiver.ids)


def test_the_documented_receiver_refuses_what_is_forged_changed_or_old(receiver: Receiver) -> None:
    receive, secret = documented_receiver()["receive"], webhook.make_secret()
    now = int(clock.now().timestamp())
    for timestamp in (now, now - 600):
        assert post(receiver, timestamp=timestamp, secret=secret) == SendResult()
    genuine, old = receiver.posted
    changed = Posted({**genuine.headers, "webhook-id": "another"}, genuine.body)
    younger = Posted({**old.headers, "webhook-timestamp": str(now)}, old.body)
    for each in (old, changed, younger, Posted(genuine.headers, b"[]")):
        assert receive(secret.get_secret_value(), each.headers, each.body) == 401
    assert receive(webhook.make_secret().get_secret_value(), genuine.headers, genuine.body) == 401
    assert receive(secret.get_secret_value(), genuine.headers, genuine.body) == 204


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (204, None), (302, SendFailure.REDIRECTED), (307, SendFailure.REDIRECTED),
        (401, SendFailure.SIGN_IN_REFUSED), (410, SendFailure.NOT_FOUND), (422, SendFailure.REFUSED),
        (429, SendFailure.RATE_LIMITED), (503, SendFailure.SERVER_ERROR),
    ],
)  # fmt: skip
def test_the_answer_says_why_and_no_redirect_is_followed(
    receiver: Receiver, status: int, failure: SendFailure | None
) -> None:
    receiver.location = receiver.url.removeprefix("webhook+")
    receiver.statuses = [status]
    assert post(receiver).failure is failure
    assert len(receiver.posted) == 1
