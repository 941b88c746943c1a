"""The logs of all processes are read as one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from api_stub.stack.log_lines import parse_line
from api_stub.stack.log_reader import LogFilter, LogReader

AT = datetime(2026, 11, 28, 17, 29, 40, tzinfo=UTC)


def event(message: str, second: int, **fields: str) -> str:
    values = {"event": message, "level": "info", "timestamp": f"2026-11-28T17:29:{second}Z", **fields}
    return json.dumps(values) + "\n"


@pytest.mark.parametrize(
    ("raw", "level", "message"),
    [
        ('{"event": "no luck", "level": "error", "timestamp": "2026-11-28T17:29:40Z"}', "error", "no luck"),
        ("2026-11-28 17:29:40.000 UTC [6599] FATAL:  too many clients", "error", "too many clients"),
        ("2026-11-28 17:29:40.000 UTC [6599] LOG:  starting", "info", "starting"),
        ("6611:M 28 Nov 2026 17:29:40.000 # out of memory", "warning", "out of memory"),
        ("6611:M 28 Nov 2026 17:29:40.000 * ready", "info", "ready"),
    ],
)
def test_a_line_of_each_program_has_its_time_level_and_message(raw: str, level: str, message: str) -> None:
    line = parse_line(raw)
    assert (line.at, line.level, line.message) == (AT, level, message)


@pytest.mark.parametrize(
    "raw",
    ["{", "[]", "{}", '{"timestamp": 5}', '{"timestamp": "soon"}', "plain"],
)
def test_any_other_line_is_shown_as_it_is(raw: str) -> None:
    line = parse_line(raw)
    assert (line.at, line.message) == (None, raw)


def test_a_field_is_one_visible_line_and_a_traceback_its_last() -> None:
    line = parse_line(event("failed", 40, exception="Traceback:\n  x\nKeyError: 'a'", who="\x1b[2Jann\nb"))
    assert line.fields == {"exception": "KeyError: 'a'", "who": "�[2Jann b"}


def test_lines_are_merged_by_time_and_a_continued_line_follows_its_own(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "api.log.1").write_text(event("before", 10))
    (logs / "api.log").write_text("banner\n" + event("first", 20) + event("third", 40, correlation_id="c0"))
    (logs / "beat.log").write_text(event("second", 30) + "  its traceback\n")
    (logs / "up.log").write_text("starting Postgres\n")
    with LogReader(tmp_path, LogFilter()) as reader:
        shown = [(line.name, line.line.message) for line in reader.read_newest(5)]
        assert reader.list_names() == ["api", "beat"]
    assert shown == [
        ("api", "banner"), ("api", "first"), ("beat", "second"), ("beat", "  its traceback"),
        ("api", "third"),
    ]  # fmt: skip
    with LogReader(tmp_path, LogFilter(correlation_id="c")) as reader:
        assert [line.line.message for line in reader.read_newest(5)] == ["third"]
    with LogReader(tmp_path, LogFilter(names=["beat"], since=AT.replace(second=25))) as reader:
        assert [line.line.message for line in reader.read_newest(5)] == ["second", "  its traceback"]


def test_following_misses_nothing_when_a_log_is_replaced_or_a_line_is_written_in_two_parts(
    tmp_path: Path,
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "api.log"
    log.write_text(event("old", 10))

    def append(text: str) -> None:
        with log.open("a") as file:
            file.write(text)

    def replace() -> None:
        log.replace(logs / "api.log.1")
        append(event("new", 13))

    halved = event("halved", 11)
    steps: list[Callable[[], object]] = [
        partial(append, halved[:20]),
        partial(append, halved[20:] + event("last", 12)),
        replace,
        partial((logs / "beat.log").write_text, event("other", 14)),
    ]

    def is_over() -> bool:
        if not steps:
            return True
        steps.pop(0)()
        return False

    with LogReader(tmp_path, LogFilter()) as reader:
        assert [line.line.message for line in reader.read_newest(9)] == ["old"]
        seen = [line.line.message for line in reader.follow(until=is_over)]
    assert seen == ["halved", "last", "new", "other"]


def test_all_of_a_story_is_read_also_beyond_the_usual_number(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "api.log.1").write_text(event("before", 10, correlation_id="c0") * 200)
    after = event("after", 11, correlation_id="c0") + "worker: Warm shutdown (MainProcess)\n"
    (logs / "control.log").write_text(after + event("other", 12))
    with LogReader(tmp_path, LogFilter(correlation_id="c0")) as reader:
        assert len(reader.read_newest(None)) == 201
