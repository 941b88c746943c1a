"""What starts first needs little: the demo's first greeting waits for nothing that it doesn't use."""

import subprocess
import sys
from pathlib import Path

import pytest

from api_stub.stack.running import RunningStack
from api_stub.stack.services import Addresses
from api_stub.stack.stack import Service, Stack
from api_stub.stack.state_file import StackState

ROOT = Path(__file__).parents[2]
SLEEPER = ("sleep", "600")
LOADED = """
import importlib, sys
for module in {modules!r}:
    importlib.import_module(module)
print(*({{name.partition(".")[0] for name in sys.modules}} | {{"celery.bin"}} & sys.modules.keys()))
"""


@pytest.mark.parametrize(
    ("modules", "unneeded"),
    [
        (
            ("worker.app", "tasks.hooks", "tasks.entry.birthday", "tasks.entry.upkeep"),
            {"playwright", "celery.bin", "flower", "alembic", "starlette"},
        ),
        (
            ("api_stub.cli.main", "api_stub.cli.stack.commands"),
            {"sqlalchemy", "celery", "playwright", "alembic", "starlette", "httpx"},
        ),
        (
            ("api_stub.cli.main", "api_stub.cli.stack.commands", "api_stub.cli.stack.demo"),
            {"playwright", "celery.bin", "alembic", "starlette", "httpx"},
        ),
    ],
    ids=["a control worker", "the stack", "the demo"],
)
def test_a_process_imports_only_what_it_needs(modules: tuple[str, ...], unneeded: set[str]) -> None:
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", LOADED.format(modules=modules)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert unneeded & set(loaded) == set()


def test_later_services_start_when_the_stack_is_ready_and_only_once(data_dir: Path) -> None:
    with Stack(data_dir, database_url="postgresql://given", redis_url="redis://given") as stack:
        stack.start(Service("worker", SLEEPER))
        addresses = Addresses("http://a", "http://b", "http://c")
        running = RunningStack(stack, addresses, [Service("flower", SLEEPER)], on_event=pytest.fail)

        def read() -> StackState:
            return StackState.model_validate_json((data_dir / "state.json").read_text())

        assert (read().ready_at, [each.name for each in read().processes]) == (None, ["worker"])
        running.mark_ready()
        ready = read()
        running.mark_ready()
        assert [each.name for each in ready.processes] == ["worker", "flower"]
        assert ready.ready_at is not None
        assert read() == ready
        flower = stack.children["flower"]
        assert flower.alive()
    assert not flower.alive()


def test_nothing_is_collected_during_imports_and_what_they_made_is_never_looked_at() -> None:
    check = """
import gc
from worker.collector import importing
collections = []
gc.callbacks.append(lambda phase, about: collections.append(phase))
try:
    with importing():
        import api_stub.cli.main
        raise ImportError
except ImportError:
    print(len(collections), gc.get_freeze_count() > 10_000, gc.isenabled())
"""
    ran = subprocess.run(
        [sys.executable, "-P", "-c", check], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "0 True True\n"
