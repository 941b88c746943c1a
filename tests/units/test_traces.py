"""Traces are off by default, and hold nothing up when their collector is away."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from api_stub.http.app import create_app
from db.statement_spans import describe_statement
from tests.collector import run_collector
from worker import extras
from worker.browser.site import Site
from worker.browser.traced_verbs import trace_verbs
from worker.errors import ConfigurationError
from worker.processes import Process, load_settings
from worker.rules.wire.trace_ids import SpanIds, derive_trace_id
from worker.settings import Settings, get_settings
from worker.tracing import otlp, spans


@pytest.fixture
def trace(settings: Settings) -> Iterator[Callable[[str], None]]:
    yield lambda address: spans.start(
        settings.model_copy(update={"traces": True, "otlp_endpoint": address}), "test"
    )
    spans.stop()


def test_without_the_switch_nothing_is_traced_and_no_exporter_is_imported(settings: Settings) -> None:
    code = """
import sys
import api_stub.http.app, tasks.hooks, tasks.entry.birthday
from worker.settings import get_settings
from worker.tracing import spans
spans.start(get_settings(), "test")
with spans.story("a", "b"), spans.span("c"):
    assert spans.current_traceparent() is None
ours = ("opentelemetry.exporter", "worker.tracing.otlp")
print([name for name in sys.modules if name.startswith(ours)])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.returncode) == ("[]", 0), run.stderr


def test_without_the_extra_the_switch_gives_one_line_that_says_what_to_do(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("RAPPORT_TRACES", "true")
    get_settings.cache_clear()
    found = importlib.util.find_spec

    def find(name: str) -> Any:
        if name.startswith("opentelemetry.exporter"):
            raise ModuleNotFoundError(name)
        return found(name)

    environment.setattr(extras, "find_spec", find)
    with pytest.raises(ConfigurationError, match="install the extra `otel`") as refused:
        load_settings(Process.CONTROL_WORKER)
    assert "\n" not in str(refused.value)
    load_settings(Process.BEAT)  # sends none
    get_settings.cache_clear()


@pytest.mark.parametrize("address", ["collector:4317", "http://", "http://user:pw@host:4318"])
def test_a_wrong_address_of_the_collector_is_refused_only_if_it_is_used(
    environment: pytest.MonkeyPatch, address: str
) -> None:
    environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    assert not Settings().traces
    environment.setenv("RAPPORT_TRACES", "true")
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_ENDPOINT: must be http"):
        Settings()


def test_spans_of_one_story_meet_and_an_error_is_only_its_type(trace: Callable[[str], None]) -> None:
    parent = SpanIds(derive_trace_id("crm-42"), 7)
    with run_collector() as collector:
        trace(collector.address)
        with spans.span("outside any story"):
            pass
        with (
            pytest.raises(ValueError, match="Ann"),
            spans.story("first", "crm-42", {"rapport.attempt": 2}, parent=parent),
            spans.span("inner"),
        ):
            raise ValueError("Ann O'Neil, happy birthday")
        with spans.story("other", "crm-43", parent=parent):
            pass
        spans.stop()
        found = {span.name: span for span in collector.spans()}
    assert set(found) == {"first", "inner", "other"}
    first, inner, other = found["first"], found["inner"], found["other"]
    assert (first.trace_id, first.parent_id) == (f"{parent.trace_id:032x}", f"{7:016x}")
    assert (inner.trace_id, inner.parent_id) == (first.trace_id, first.span_id)
    assert (other.trace_id, other.parent_id) == (f"{derive_trace_id('crm-43'):032x}", "")
    assert inner.attributes == {"error.type": "ValueError"}
    assert not any("Ann" in text for span in found.values() for text in span.texts)


def test_a_verb_is_a_span_without_its_arguments_and_a_thread_has_verbs_too(
    trace: Callable[[str], None],
) -> None:
    thread = SimpleNamespace(type=lambda _text: None)
    site = SimpleNamespace(open_thread=lambda _url, member_url: thread, normalise=lambda url: url)
    with run_collector() as collector:
        trace(collector.address)
        with spans.story("perform", "crm-42"):
            traced = trace_verbs(cast("Site", site), "sandbox")
            assert traced.normalise("https://x/in/ann/") == "https://x/in/ann/"
            traced.open_thread("https://x/in/ann/", member_url="https://x/in/ann/").type("Dear Ann")
        spans.stop()
        found = collector.spans()
    assert [span.name for span in found] == ["sandbox open_thread", "sandbox type", "perform"]
    assert found[0].attributes == {"rapport.site": "sandbox", "rapport.verb": "open_thread"}
    assert not any("ann" in text.lower() for span in found for text in span.texts)


def test_a_collector_that_is_away_is_one_warning_and_a_bounded_end(
    trace: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "SEND_TIMEOUT_S", 0.2)
    monkeypatch.setattr(otlp, "SEND_EVERY_S", 0.01)
    with capture_logs() as lines:
        trace("http://127.0.0.1:9")  # discard: nothing listens
        for _ in range(3):
            with spans.story("perform", "crm-42"):
                pass
            spans._tracers[0]._provider.force_flush()  # type: ignore[attr-defined]  # a batch of its own
        spans.stop()
    assert [line["event"] for line in lines] == ["traces_not_sent"]


def test_a_statement_is_named_by_its_operation_and_table_only() -> None:
    names = {
        "-- Queues.\n-- More.\nwith chosen as (select 1) update actions set x = 1": "WITH actions",
        "SELECT contacts.name \nFROM contacts WHERE name = 'Ann'": "SELECT contacts",
        "INSERT INTO interactions (message) VALUES (%(m)s)": "INSERT interactions",
        "select 'Ann'": "SELECT",
        "?": "SQL",
    }
    assert {statement: describe_statement(statement) for statement in names} == names


def test_the_web_framework_traces_nothing_by_itself(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    found = create_app(Settings())._telemetry
    assert not any(found[name] for name in ("tracing", "metrics", "logs", "auto_configure"))
