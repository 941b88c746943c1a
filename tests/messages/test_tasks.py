"""Task messages: every kind of malformed one is refused, and those of real clients are accepted."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
import redis
from celery import Celery, chain, chord, group
from hypothesis import given
from hypothesis import strategies as st

from tests.messages.malformed import DEEP, UNKNOWN_VERSIONS, kinds
from tests.messages.well_formed import ABSENT, TASK, body, changed, encoded, message, old_message, raw
from worker import clock
from worker.messages.refused import describe_refused
from worker.messages.task import MAX_ETA_AHEAD, check_task
from worker.rules.wire.refusals import MessageRefusedError, Refusal

KINDS = kinds()
NOW: Final = datetime(2026, 11, 28, 9, tzinfo=UTC)


def check(item: bytes, *, now: datetime | None = None) -> None:
    check_task(item, now=now or clock.now(), is_task={TASK, "tasks.recover"}.__contains__)


def test_each_of_hundreds_of_kinds_is_refused_with_a_short_reason() -> None:
    assert len(KINDS) > 350
    details = {kind: refusal(item) for kind, item in KINDS.items()}
    assert [kind for kind, detail in details.items() if detail is None] == []
    assert [
        detail for detail in details.values() if detail and (len(detail) > 300 or not detail.isprintable())
    ] == []


def refusal(item: bytes) -> str | None:
    try:
        check(item)
    except MessageRefusedError as refused:
        return str(refused)
    return None


@pytest.mark.parametrize("made", [message, old_message])
def test_what_was_changed_to_make_the_kinds_is_well_formed(made: Callable[[], dict[str, Any]]) -> None:
    check(raw(made()))


OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "nothing": {},
    "arguments": {"kwargs": {"account": "demo", "late_days": 3, "when": NOW, "campaign_id": uuid4()}},
    "texts of other scripts": {"kwargs": {"account": "Größe 世界 🎂\n\tnext line"}},
    "an id of its own": {"task_id": "crm/42 of today"},
    "limits of time": {"time_limit": 60, "soft_time_limit": 30.5},
    "an expiry": {"expires": 3600},
    "an expiry without a zone": {"expires": datetime(2026, 12, 1, 9)},  # noqa: DTZ001 -- what clients do
    "an ETA that is past": {"eta": NOW - timedelta(days=1)},
    "a countdown of nothing": {"countdown": 0},
    "a priority": {"priority": 9},
    "headers of its own": {"headers": {"rapport_correlation": "crm-42", "traceparent": "00-ab-01", "n": [1]}},
    "a tracer's second copy of its headers": {"headers": {"headers": {"sentry-trace": "1-2"}}},
    "another name in Flower": {"shadow": "the CRM's campaign"},
    "stamps": {"headers": {"stamped_headers": ["batch"], "stamps": {"batch": ["a", 1]}}},
    "a thousand addresses": {"kwargs": {"profiles": ["https://site.example/in/" + "x" * 470] * 1000}},
}  # fmt: skip


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("option", OPTIONS)
def test_what_a_celery_client_sends_is_taken(redis_url: str, option: str, protocol: int) -> None:
    with Celery(broker=redis_url, set_as_current=False) as client:
        client.conf.task_protocol = protocol
        client.send_task(TASK, queue="taken", **OPTIONS[option])
    check(sent(redis_url, "taken"))


def test_clients_of_protocol_1_may_leave_headers_out_and_write_utf_8_in_capitals() -> None:
    made = changed(old_message(), {"headers": ABSENT, "content-encoding": "UTF-8"})
    check(raw(made))


def test_a_client_may_say_what_follows(redis_url: str) -> None:
    with Celery(broker=redis_url, set_as_current=False) as client:
        client.conf.task_default_queue = "taken"
        one, other = client.signature(TASK), client.signature("tasks.recover", kwargs={"a": [1]})
        follow = chain(one, group(one, other), chord([one, one], other), app=client)
        one.apply_async(link=other, link_error=[other.set(priority=3)], chain=[follow])
    check(sent(redis_url, "taken"))


def sent(redis_url: str, queue: str) -> bytes:
    with redis.Redis.from_url(redis_url) as client:
        item = next(item for step in ("", "\x06\x169") if (item := client.rpop(f"{queue}{step}")))
    assert isinstance(item, bytes)
    return item


def test_an_eta_may_be_as_far_ahead_as_a_clock_may_be_wrong() -> None:
    def at(eta: datetime) -> None:
        check(raw(message(headers={"eta": eta.isoformat()})), now=NOW)

    at(NOW + MAX_ETA_AHEAD)
    with pytest.raises(MessageRefusedError, match="eta") as refused:
        at(NOW + MAX_ETA_AHEAD + timedelta(seconds=1))
    assert refused.value.reason is Refusal.SCHEDULED


@pytest.mark.parametrize("version", [1, 1.0, ABSENT])
def test_the_version_of_the_contract_may_be_stated_or_left_out(version: object) -> None:
    arguments = changed({}, {"contract_version": version})
    check(raw(message(envelope={"body": body([], arguments, {})})))
    check(raw(old_message(kwargs=arguments)))


@pytest.mark.parametrize("version", UNKNOWN_VERSIONS)
def test_an_unknown_version_of_the_contract_is_refused_for_that_reason(version: str) -> None:
    arguments = {"contract_version": UNKNOWN_VERSIONS[version]}
    with pytest.raises(MessageRefusedError, match=r"^contract_version: .* which is 1$") as refused:
        check(raw(message(envelope={"body": body([], arguments, {})})))
    assert refused.value.reason is Refusal.UNKNOWN_VERSION


@pytest.mark.parametrize("control", ["\0", "\x1b[2J", "\x9b"])
def test_a_control_character_is_refused_with_the_names_of_its_arguments(control: str) -> None:
    arguments = {"account": "demo", "criteria": {"skills": ["SQL", f"C{control}"]}, "Ann O'Neil": 1}
    made = [message(envelope={"body": body([], arguments, {})}), old_message(kwargs=arguments)]
    for item in made:
        with pytest.raises(MessageRefusedError) as refused:
            check_task(raw(item), now=NOW, is_task={TASK}.__contains__, argument_names={"criteria", "skills"})
        assert str(refused.value).startswith("body: criteria.skills: a control character")
        assert refused.value.reason is Refusal.BAD_TEXT
    with pytest.raises(MessageRefusedError, match=r"^body: a control character"):
        check(raw(made[0]))


def test_the_detail_names_the_field() -> None:
    with pytest.raises(MessageRefusedError, match=r"^shadow: ") as refused:
        check(raw(message(headers={"shadow": ["x"]})))
    assert refused.value.reason is Refusal.BAD_HEADER


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS: Final = st.sampled_from([*message()["headers"], "redelivered", "headers", "compression", "x"])


@given(
    name=FIELDS,
    value=anything,
    old=st.booleans(),
    part=st.sampled_from(["headers", "properties", "info", "envelope"]),
)
def test_nothing_but_a_refusal_comes_of_any_value_in_any_field(
    name: str, value: object, old: bool, part: str
) -> None:
    made = old_message(**{name: value}) if old else message(**{part: {name: value}})
    is_refused(raw(made))


@given(st.binary())
def test_nothing_but_a_refusal_comes_of_any_bytes(item: bytes) -> None:
    assert is_refused(item)


def is_refused(item: bytes) -> bool:
    try:
        check(item)
    except MessageRefusedError as refused:
        describe_refused("control", item, refused, now=NOW)
        return True
    return False


def test_nothing_of_the_arguments_is_kept() -> None:
    secret = "Dear Ann, my password is hunter2"
    holds = {
        "task": [secret], "id": secret, "origin": secret, "argsrepr": secret, "kwargsrepr": {"text": secret},
        "shadow": [secret], "eta": secret, secret: secret, "stamps": {secret: secret}, "timelimit": secret,
    }  # fmt: skip
    for name, value in holds.items():
        item = raw(
            message(headers={name: value, "shadow": [secret]}, envelope={"body": body([], {"t": secret}, {})})
        )
        with pytest.raises(MessageRefusedError) as refused:
            check(item)
        kept = describe_refused("control", item, refused.value, now=NOW)
        assert "hunter2" not in repr(kept), name
        assert "Ann" not in repr(kept), name


@pytest.mark.parametrize(
    "made",
    [message(info={"Ann O'Neil": 1}), message(envelope={"body": body([], {}, {"Ann O'Neil": 1})})],
    ids=["delivery_info", "what follows"],
)
def test_a_field_that_is_not_in_the_form_is_not_told_by_its_name(made: dict[str, Any]) -> None:
    with pytest.raises(
        MessageRefusedError, match=r"^(properties\.delivery_info|embed): Extra inputs"
    ) as refused:
        check(raw(made))
    assert "Ann" not in str(refused.value)


def test_the_sender_is_kept_where_it_can_be_read() -> None:
    made = message(headers={"shadow": ["x"], "ann": 1})
    item = raw(made)
    kept = describe_refused("control", item, MessageRefusedError(Refusal.BAD_HEADER, "shadow: no"), now=NOW)
    assert (kept.task, kept.message_id, kept.origin) == (TASK, made["headers"]["id"], "gen1@outside")
    assert kept.size_bytes == len(item)
    assert kept.shape is not None
    assert "shadow list" in kept.shape
    assert kept.shape.endswith("1 of the sender's own")


def test_a_task_of_protocol_1_has_its_name_in_its_body() -> None:
    kept = describe_refused(
        "control", raw(old_message(retries="x")), MessageRefusedError(Refusal.BAD_BODY, "no"), now=NOW
    )
    assert kept.task == TASK
    assert kept.message_id is not None


@pytest.mark.parametrize(
    "name", ["ann-oneil", "ann@site.example", "https://site.example/in/ann", "Ann O'Neil"]
)
def test_nothing_that_may_name_a_person_is_kept(name: str) -> None:
    headers = {"task": name, "id": name, "origin": name, name: 1, "shadow": [name]}
    kept = describe_refused(
        "control", raw(message(headers=headers)), MessageRefusedError(Refusal.BAD_HEADER, "no"), now=NOW
    )
    assert "ann" not in repr(kept).lower()


NO_FIELDS: Final = raw({"headers": {}, "body": encoded("[1]")})


@pytest.mark.parametrize(
    "item", [b"[" * DEEP, b"{", json.dumps([1]).encode(), NO_FIELDS, b"9" * 5_000, b"\xff\xfe"]
)
def test_what_cannot_be_read_is_kept_without_its_sender(item: bytes) -> None:
    kept = describe_refused("control", item, MessageRefusedError(Refusal.NOT_JSON, "no"), now=NOW)
    assert (kept.task, kept.message_id, kept.origin, kept.shape) == (None, None, None, None)
