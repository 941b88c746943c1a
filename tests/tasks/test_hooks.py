"""What a message's headers may put into logs and rows."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from celery import Task, signals
from structlog.contextvars import clear_contextvars, get_contextvars

from tasks import hooks, mark_counts, services
from tasks.contract import CORRELATION_HEADER


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
    task = SimpleNamespace(name="tasks.dispatch")
    signals.task_postrun.send(sender=None, task_id="crm-42", task=task, state="SUCCESS")
    assert sorted(uses) == ["of the one", "one"]
