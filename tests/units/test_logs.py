"""No secret and no message text leaves a process through its log, whoever writes the line."""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from worker import logs
from worker.logs import HIDDEN, hide_secrets
from worker.rules.texts.characters import sanitise_text
from worker.settings import Settings

SECRET = "hunter2-s3cret"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Restore what `configure` changes in this process."""
    names = [None, *logging.root.manager.loggerDict]
    loggers = [logging.getLogger(name) for name in names]
    before = [(log, list(log.handlers), log.level, log.propagate) for log in loggers]
    yield
    for log, handlers, level, propagate in before:
        log.handlers[:], log.propagate = handlers, propagate
        log.setLevel(level)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


@pytest.fixture
def configure(settings: Settings) -> Callable[[str, str], None]:
    def again(log_format: str, level: str = "INFO") -> None:
        logs.configure(settings.model_copy(update={"log_format": log_format, "log_level": level}))

    return again


@pytest.fixture
def lines(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Lines:
    """Returns the lines logged since the last call; the first call sets up logging."""
    set_up: list[bool] = []

    def since() -> list[dict[str, Any]]:
        if not set_up:
            # Not before the test itself runs: pytest changes the root logger between its phases.
            set_up.append(True)
            logs.configure(settings)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return since


def hidden(**fields: Any) -> dict[str, Any]:
    return dict(hide_secrets(None, "info", {"event": "it.happened", **fields}))


@pytest.mark.parametrize(
    "name",
    [
        "password", "passwd", "db_password", "PASSWORD", "secret", "secret_keys", "api_key", "apikey",
        "X-Api-Key", "token", "access_token", "cookie", "Set-Cookie", "authorization", "session",
        "storage_state", "message", "message_text", "body", "draft", "Message",
    ],
)  # fmt: skip
def test_a_field_that_is_called_like_a_secret_or_a_text_is_hidden(name: str) -> None:
    for value in (SECRET, SECRET.encode(), [SECRET], {"a": SECRET}, 7):
        assert hidden(**{name: value})[name] == HIDDEN


@pytest.mark.parametrize("name", ["contact", "messages_sent", "body_count", "kind", "account", "event_id"])
def test_other_fields_are_told(name: str) -> None:
    assert hidden(**{name: "told"})[name] == "told"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (f"postgresql://rapport:{SECRET}@db:5432/x", f"postgresql://{HIDDEN}@db:5432/x"),
        (f"redis://:{SECRET}@127.0.0.1:6379/0", f"redis://{HIDDEN}@127.0.0.1:6379/0"),
        (f"see https://me:{SECRET}@h/ and amqp://you:{SECRET}@i", f"see https://{HIDDEN}@h/ and amqp://{HIDDEN}@i"),
        (f"redis://:not@encoded-{SECRET}@h/0", f"redis://{HIDDEN}@h/0"),
        (f"redis://{SECRET}@h/0", f"redis://{HIDDEN}@h/0"),
        (f"given rpt_{'0' * 12}_a-{SECRET}_b here", f"given {HIDDEN} here"),
        ("https://sandbox.test:8000/in/ann/?x=a@b", "https://sandbox.test:8000/in/ann/?x=a@b"),
        ("write to ann@example.com: now", "write to ann@example.com: now"),
    ],
)  # fmt: skip
def test_credentials_in_an_address_are_hidden_wherever_it_stands(address: str, told: str) -> None:
    assert hidden(url=address)["url"] == told
    assert hidden(error=ValueError(address))["error"] == told
    assert hidden(inner={"urls": [address, (address,)]})["inner"] == {"urls": [told, [told]]}
    assert hide_secrets(None, "info", {"event": address})["event"] == told


JSON = st.recursive(
    st.sampled_from([SECRET, f"redis://:{SECRET}@h", f"x://u:{SECRET}@h"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
)


@given(JSON, st.sampled_from(["token", "message"]))
def test_a_secret_is_hidden_at_any_depth(value: Any, name: str) -> None:
    found = repr(hidden(outer=[{"deep": {name: value}}], plain={"list": [{name: value}]}))
    assert SECRET not in found


def test_hiding_leaves_the_callers_own_objects_alone() -> None:
    options = {"token": SECRET, "list": [{"token": SECRET}]}
    hidden(options=options)
    assert options == {"token": SECRET, "list": [{"token": SECRET}]}


def test_numbers_stay_numbers_and_the_rest_becomes_text() -> None:
    told = hidden(count=3, share=0.5, on=True, none=None, at=datetime(2027, 1, 3, tzinfo=UTC))
    assert (told["count"], told["share"], told["on"], told["none"]) == (3, 0.5, True, None)
    assert told["at"] == "2027-01-03 00:00:00+00:00"


def test_a_line_is_json_with_its_level_logger_time_and_what_was_bound(lines: Lines) -> None:
    lines()
    with logs.bound(correlation_id="abc", attempt=2):
        assert logs.current_correlation_id() == "abc"
        logs.get_logger("worker.x").info("action_done", token=SECRET, contact=7)
    logs.get_logger("worker.x").warning("outside")
    first, second = lines()
    assert datetime.fromisoformat(first.pop("timestamp")).tzinfo is not None
    assert first == {
        "event": "action_done", "level": "info", "logger": "worker.x", "correlation_id": "abc", "attempt": 2,
        "token": HIDDEN, "contact": 7,
    }  # fmt: skip
    assert "correlation_id" not in second
    assert logs.current_correlation_id() != logs.current_correlation_id()


def test_lines_of_other_libraries_take_the_same_way(lines: Lines) -> None:
    lines()
    more = {"color_message": f"told twice: {SECRET}", "cookie": SECRET, "headers": {"Authorization": SECRET}}
    logging.getLogger("celery.worker").warning("Connected to %s", f"redis://:{SECRET}@h:1/0", extra=more)
    (line,) = lines()
    assert SECRET not in json.dumps(line)
    assert line["event"] == f"Connected to redis://{HIDDEN}@h:1/0"
    assert (line["level"], line["logger"]) == ("warning", "celery.worker")
    assert (line["cookie"], line["headers"]) == (HIDDEN, {"Authorization": HIDDEN})


def fail() -> None:
    message = f"unsent text {SECRET}"
    raise ValueError("no way to redis://:%s@h:1, %d characters" % (SECRET, len(message)))  # noqa: UP031


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_an_exception_is_told_with_its_traceback_and_without_secrets_or_local_variables(
    configure: Callable[[str], None], capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    configure(log_format)
    try:
        fail()
    except ValueError:
        logs.get_logger("ours").exception("it_failed", password=SECRET)
        logging.getLogger("theirs").exception("it failed there")
    out = capsys.readouterr().out
    assert out.count("Traceback (most recent call last)") == 2
    assert out.count(f"no way to redis://{HIDDEN}@h:1, 26 characters") == 2
    assert "in fail" in out
    assert SECRET not in out


def test_pretty_lines_hide_as_well(
    configure: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    configure("pretty")
    logs.get_logger("ours").info(
        "started", api_key=SECRET, url=f"x://u:{SECRET}@h", items=[{"token": SECRET}]
    )
    out = capsys.readouterr().out
    assert "started" in out
    assert out.count(HIDDEN) == 3
    assert SECRET not in out


def refuse(value: str) -> None:
    raise ValueError(f"no {value}")


ACTS = "\x1b[2J\x9b1m\x07\x7f\u202e\u2066\u200b\u2028"


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_no_line_acts_on_the_terminal_or_looks_like_another(
    configure: Callable[[str], None], capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    configure(log_format)
    logs.get_logger("ours").info(
        "named", contact=f"Zoë{ACTS}\n2026 [info] forged", items=[ACTS], where={ACTS: ACTS}
    )
    logging.getLogger("theirs").warning("named %s", f"Zoë{ACTS}")
    try:
        refuse(f"Zoë{ACTS}")
    except ValueError:
        logs.get_logger("ours").exception("it_failed", stack_info=True)
    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)  # colours
    assert sanitise_text(out) == out
    assert "Zo\\u00eb\\u001b[2J" in out if log_format == "json" else "Zoë\ufffd[2J" in out
    assert not any(line.startswith("2026 [info] forged") for line in out.splitlines())


def test_the_level_of_the_settings_holds(
    configure: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    configure("json", "WARNING")
    logs.get_logger("ours").info("quiet")
    logging.getLogger("theirs").info("quiet")
    logs.get_logger("ours").warning("loud")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["event"] == "loud"


def test_single_modules_have_levels_of_their_own_and_noisy_ones_can_be_turned_on(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = "tasks=DEBUG,db.store=ERROR,celery.beat=INFO"
    logs.configure(settings.model_copy(update={"log_levels": levels}))
    for name in ("tasks.actions.perform", "db.store.people", "db.engine", "celery.beat", "httpx", "worker.x"):
        logs.get_logger(name).debug("debug")
        logs.get_logger(name).info("info")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["logger"], line["event"]) for line in lines] == [
        ("tasks.actions.perform", "debug"),
        ("tasks.actions.perform", "info"),
        ("db.engine", "info"),
        ("celery.beat", "info"),
        ("worker.x", "info"),
    ]


def test_at_debug_only_our_own_modules_say_more(
    configure: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    configure("json", "DEBUG")
    logging.getLogger("celery.pool").debug("TaskPool: Apply (%s)", SECRET)
    logs.get_logger("tasks.x").debug("more")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["event"] == "more"


def test_loggers_that_speak_for_each_request_are_kept_to_their_warnings(lines: Lines) -> None:
    lines()
    logging.getLogger("uvicorn.access").info("GET /health")
    logging.getLogger("uvicorn.access").warning("odd")
    assert [line["event"] for line in lines()] == ["odd"]


def test_handlers_that_libraries_had_put_up_are_taken_down(settings: Settings, lines: Lines) -> None:
    library = logging.getLogger("a.library")
    library.addHandler(logging.StreamHandler(sys.stdout))
    library.propagate = False
    logs.configure(settings)
    lines()
    library.warning("once")
    assert [line["event"] for line in lines()] == ["once"]
