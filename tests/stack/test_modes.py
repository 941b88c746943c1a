"""Files are readable by their owner only, whatever the umask, also in folders that were open before."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from api_stub.sandbox.state import State
from api_stub.stack import environment_file
from api_stub.stack.services import choose_addresses, embedded_settings, sandbox
from api_stub.stack.stack import Service, Stack
from db.store.actions.claims import Claim
from tasks.actions.evidence import take_screenshot
from tasks.services import Services
from worker.browser.site import Site
from worker.files import make_private
from worker.processes import Process
from worker.rules.model import Kind
from worker.settings import Settings


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """Return the paths below a folder that others may read, write or enter."""
    paths = (path for path in folder.rglob("*") if not path.is_symlink())
    return [f"{path}: {stat.S_IMODE(path.stat().st_mode):o}" for path in paths if path.stat().st_mode & 0o077]


def test_nothing_of_a_stack_is_open_to_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(0o777)
    left = ("logs/redis.log", "evidence/2026-11-01/1-ann.png", "metrics/api/counter_1.db", "redis/old.aof")
    for name in (*left, "secrets.json", "sandbox.sqlite3", "redis.conf", "processes.json"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("[]" if name == "processes.json" else "{}" if name == "secrets.json" else "")
    assert len(open_to_others(data)) == 14
    with ExitStack() as reserved:
        addresses = choose_addresses(reserved)
    worker = [sys.executable, "-m", "api_stub.cli", "worker", "control", "--name", "control"]
    with Stack(
        data, database_url="postgresql://given", settings=embedded_settings(data, addresses), durable=False
    ) as stack:
        stack.start(
            sandbox(stack, addresses),
            Service("writer", ("sh", "-c", f"touch {data}/evidence/picture.png; echo done; exec sleep 600")),
            Service(
                "control",
                tuple(worker),
                process=Process.CONTROL_WORKER,
                ready=lambda: any((data / "metrics/slots").glob("*.db")),
            ),
        )
        environment_file.write_environment(data, stack.environment)
        assert open_to_others(data) == []
        assert {path.name for path in data.glob("sandbox*")} >= {"sandbox.sqlite3", "sandbox.sqlite3-wal"}
        assert (data / "evidence/picture.png").exists()


def test_a_process_of_its_own_lets_nobody_read_what_it_writes(tmp_path: Path) -> None:
    """Started without the stack, as Compose or systemd does."""
    code = (
        "from api_stub.cli import main; import sys; sys.argv = ['rapport', 'secrets', 'new-key']; main.main()"
    )
    write = f"import atexit; atexit.register(lambda: open({str(tmp_path / 'file')!r}, 'w')); {code}"
    subprocess.run([sys.executable, "-c", write], check=True, capture_output=True, umask=0)
    assert open_to_others(tmp_path) == []


def test_the_practice_network_s_state_is_the_owner_s_alone_also_if_it_was_open(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.sqlite3"
    path.touch(0o666)
    with closing(
        State(path, today=lambda: date(2026, 11, 23), now=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    ):
        assert {each.name for each in tmp_path.iterdir()} > {"sandbox.sqlite3-wal"}
        assert open_to_others(tmp_path) == []


def test_a_file_loses_the_rights_of_others_and_what_a_link_points_to_keeps_them(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch(0o644)
    link = tmp_path / "link"
    link.symlink_to(elsewhere)
    make_private(link)
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644
    make_private(elsewhere)
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600


class _Picture:
    def screenshot(self, path: Path, *, masked: bool) -> None:
        path.write_bytes(b"masked" if masked else b"shown")


def test_a_picture_is_the_owner_s_alone_also_in_a_day_s_folder_that_was_open(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    services = Services(Settings.model_construct(evidence_dir=evidence, settle_time=timedelta(0)))
    claim = SimpleNamespace(
        account_id=1, profile_url="https://sandbox.test/in/ann/", kind=Kind.GREET, attempt=1
    )
    for _ in range(2):
        shot = take_screenshot(services, cast("Claim", claim), cast("Site", _Picture()), masked=True)
        assert shot is not None
        assert open_to_others(tmp_path) == []
        Path(shot).parent.chmod(0o777)
        Path(shot).chmod(0o666)
