"""What a message's headers may put into logs and rows."""

import gc
from types import SimpleNamespace
from typing import Any, cast

import pytest
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import Task, signals
from celery.worker.request import Request
from prometheus_client import REGISTRY
from redis import RedisError
from structlog.contextvars import clear_contextvars, get_contextvars

from db.engine import RowRefusedError
from tasks import hooks, mark_counts, services
from worker import metrics
from worker.app import RapportTask
from worker.celery_extensions.task_requests import CorrelatedRequest
from worker.errors import ConfigurationError, Reason, RequestRefusedError, TryAgainError
from worker.metrics.error_types import TYPES_OF_SERVICE
from worker.rules.wire.correlation import CORRELATION_HEADER


def bound(**headers: Any) -> dict[str, Any]:
    task = SimpleNamespace(name="tasks.dispatch", request=SimpleNamespace(**headers))
    hooks.bind_task_context("crm-42", cast("Task", task))
    found = get_contextvars()
    clear_contextvars()
    return found


def test_a_good_correlation_id_goes_along() -> None:
    assert bound(**{CORRELATION_HEADER: "crm-42.a_B"})["correlation_id"] == "crm-42.a_B"


@pytest.mark.parametrize("given", [None, "", "a b", "a\nb", "x" * 65, "é", "{}", 5, True, ["x"], {"x": 1}])
def test_another_is_replaced_as_over_http(given: object) -> None:
    first, second = (bound(**{CORRELATION_HEADER: given})["correlation_id"] for _ in range(2))
    assert len(first) == 16
    assert first != second


def test_after_each_task_marks_are_counted_and_a_browser_may_be_closed_but_none_is_made_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uses: list[str] = []
    pool = SimpleNamespace(close_if_worn=lambda: uses.append("one"))
    with_browser = SimpleNamespace(browser_pool=pool, database="of the one")
    monkeypatch.setattr(mark_counts, "save_looks", uses.append)
    monkeypatch.setattr(services, "_services", [with_browser, SimpleNamespace()])
    task = SimpleNamespace(name="tasks.dispatch", request=SimpleNamespace())
    signals.task_postrun.send(sender=None, task_id="crm-42", task=task, state="SUCCESS")
    assert sorted(uses) == ["of the one", "one"]


def counted(name: str, labels: dict[str, str]) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize(
    ("name", "shown"),
    [("tasks.upkeep.due", "tasks.upkeep.due"), ("celery.chord_unlock", "other"), ("made.up", "other")],
)
def test_a_task_counts_by_its_end_and_for_as_long_as_it_ran(
    monkeypatch: pytest.MonkeyPatch, name: str, shown: str
) -> None:
    times = iter((100.0, 107.0))
    monkeypatch.setattr("worker.clock.monotonic_seconds", lambda: next(times))
    task = cast("Task", SimpleNamespace(name=name, request=SimpleNamespace()))
    series = (
        ("rapport_task_seconds_sum", {"task": shown}),
        (
            "rapport_tasks_total",
            {"task": shown, "outcome": "success"},
        ),
    )
    before = [counted(*each) for each in series]
    hooks.bind_task_context("crm-42", task)
    hooks.count_task(task, "SUCCESS")
    assert [counted(*each) - earlier for each, earlier in zip(series, before, strict=True)] == [7, 1]


@pytest.mark.parametrize(
    ("ended_by", "kind"),
    [
        (TryAgainError(Reason.SITE_UNREACHABLE, "no answer"), "site_unreachable"),
        (TimeLimitExceeded(180), "time_limit"),
        (WorkerLostError("killed"), "worker_lost"),
        (RowRefusedError("a check"), "postgres"),
        (RedisError("away"), "redis"),
        (RequestRefusedError("there is no account called 'x'"), "request_refused"),
        (ConfigurationError("RAPPORT_SECRET_KEYS is not set"), "configuration"),
        (ZeroDivisionError("a bug"), "unexpected"),
    ],
)
def test_what_ends_a_task_counts_as_one_of_a_few_types(ended_by: Exception, kind: str) -> None:
    assert kind in TYPES_OF_SERVICE["task"]
    before = metrics.ERRORS.labels(kind, "task")._value.get()
    hooks.log_failure(cast("Task", SimpleNamespace(name="tasks.of.the.test")), ended_by)
    assert metrics.ERRORS.labels(kind, "task")._value.get() == before + 1


def test_the_last_lines_of_a_task_still_have_its_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(hooks, "close_worn_browser", lambda: seen.append(get_contextvars().get("task_id")))
    task = cast("Task", SimpleNamespace(name="tasks.dispatch", request=SimpleNamespace()))
    hooks.bind_task_context("crm-42", task)
    signals.task_postrun.send(sender=None, task_id="crm-42", task=task, state="SUCCESS")
    assert seen == ["crm-42"]
    assert get_contextvars() == {}


def test_what_a_workers_main_process_says_about_a_task_has_the_tasks_ids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(Request, "on_timeout", lambda *_: seen.append(get_contextvars()))
    monkeypatch.setattr(Request, "on_failure", lambda *_: seen.append(get_contextvars()))
    request = object.__new__(CorrelatedRequest)
    request._request_dict = {CORRELATION_HEADER: "crm-42"}
    request.name, request.id = "tasks.birthday.greet", "a-task"
    request.on_timeout(soft=False, timeout=60)
    request.on_failure(None)
    assert seen == [{"task": "tasks.birthday.greet", "task_id": "a-task", "correlation_id": "crm-42"}] * 2
    assert RapportTask.Request == "worker.celery_extensions.task_requests:CorrelatedRequest"


def test_the_garbage_collector_passes_over_what_a_worker_has_imported() -> None:
    gc.unfreeze()  # what tests/conftest.py has frozen
    worker = SimpleNamespace(
        app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from={})))
    )
    hooks.import_for_children(worker)
    assert gc.get_freeze_count()
