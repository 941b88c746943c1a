"""`rapport service`: writes units that systemd reads, and touches no file of somebody else."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api_stub.cli.service import commands
from api_stub.stack.units import files
from api_stub.stack.units.unit import MARK
from tests.cli.conftest import Rapport


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "system"
    monkeypatch.setattr(files, "SYSTEM_FOLDER", folder)
    monkeypatch.setattr(commands, "SYSTEMD_RUNS", tmp_path / "none")
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


@pytest.fixture
def told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemctl was told, on a machine that systemd runs."""
    told: list[str] = []

    def run(words: Sequence[str], **_options: Any) -> Any:
        told.append(" ".join(words))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(commands, "SYSTEMD_RUNS", tmp_path)
    monkeypatch.setattr(commands, "subprocess", SimpleNamespace(run=run))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return told


def test_a_dry_run_prints_the_units_and_writes_nothing(rapport: Rapport, folder: Path) -> None:
    said = rapport("service", "install", "--system", "--own-servers", "--dry-run")
    assert f"# {folder}/rapport-api.service" in said
    assert "NoNewPrivileges=yes" in said
    assert not folder.exists()


def test_units_are_written_and_removed_and_systemd_is_told(
    rapport: Rapport, folder: Path, told: list[str]
) -> None:
    said = rapport("service", "install", "--system", "--own-servers", "--as", "nobody")
    assert "sudo systemctl enable --now rapport.target" in said
    assert (folder / "rapport-worker-browser@.service").read_text().startswith(MARK)
    assert (folder / "rapport.target").stat().st_mode & 0o777 == 0o644
    rapport("service", "uninstall", "--system")
    assert list(folder.iterdir()) == []
    assert told == [
        "systemctl daemon-reload",
        "systemctl disable --now rapport.target",
        "systemctl daemon-reload",
    ]


def test_a_user_s_units_need_no_root(rapport: Rapport, folder: Path, told: list[str]) -> None:
    said = rapport("service", "install", "--workers", "1")
    assert "loginctl enable-linger" in said
    own = Path(os.environ["HOME"]) / ".config/systemd/user"  # noqa: TID251 -- the fixture's
    assert {each.name for each in own.iterdir()} == {"rapport.service", "rapport-logs.service"}
    assert "User=" not in (own / "rapport.service").read_text()
    assert not folder.exists()
    assert told == ["systemctl --user daemon-reload"]


def test_what_starts_a_stopped_rapport_is_the_service_on_its_folder(
    rapport: Rapport, folder: Path, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "my data"
    environment.delenv("DATABASE_URL")
    rapport("service", "install", "--system", "--as", "nobody")
    assert "`rapport up` starts it" in rapport.refused("status", "--data", str(data), exit_code=3)
    environment.setattr(files, "SYSTEM_DATA", data)
    said = rapport.refused("status", "--data", str(data), exit_code=3)
    assert "`sudo systemctl start rapport.service` starts it" in said
    rapport("service", "install", "--data", str(data))
    said = rapport.refused("why", "demo", "--data", str(data), exit_code=3)
    assert "`systemctl --user start rapport.service` starts it" in said
    assert "its DATABASE_URL and REDIS_URL" in said
    assert "`rapport up` starts it" in rapport.refused("status", "--data", str(tmp_path / "my"), exit_code=3)


def test_installing_another_way_leaves_no_unit_of_the_first(rapport: Rapport, folder: Path) -> None:
    rapport("service", "install", "--system", "--own-servers", "--as", "nobody")
    rapport("service", "install", "--system", "--as", "nobody")
    assert {each.name for each in folder.iterdir()} == {"rapport.service", "rapport-logs.service"}


def test_a_file_of_somebody_else_is_left_alone(rapport: Rapport, folder: Path) -> None:
    folder.mkdir()
    (folder / "rapport.service").write_text("[Service]\nExecStart=/bin/mine\n")
    (folder / "rapport-mine.service").write_text("[Service]\nExecStart=/bin/mine\n")
    code, _, err = rapport.code("service", "install", "--system", "--as", "nobody")
    assert (code, "wasn't written by Rapport" in err) == (1, True)
    assert {each.name for each in folder.iterdir()} == {"rapport.service", "rapport-mine.service"}
    code, _, err = rapport.code("service", "uninstall", "--system")
    assert (code, "has no units of Rapport" in err) == (1, True)
    assert "/bin/mine" in (folder / "rapport.service").read_text()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--own-servers"], "add --system"),
        (["--system", "--only", "api"], "--own-servers: add that"),
        (["--system", "--as", "root"], "no sandbox for root"),
        (["--system", "--as", "nobody-of-this-name"], "useradd --system"),
        (["--data", "/a\nExecStart=/bin/sh"], "control characters"),
    ],
)
def test_what_can_t_work_is_refused_and_nothing_is_written(
    rapport: Rapport, folder: Path, given: Sequence[str], said: str
) -> None:
    code, _, err = rapport.code("service", "install", *given)
    assert (code, said in " ".join(err.split())) == (1, True), err
    assert not folder.exists()


def test_what_systemctl_refuses_is_said(
    rapport: Rapport, folder: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = SimpleNamespace(run=lambda *_, **__: subprocess.CompletedProcess((), 1, "", "Access denied\n"))
    monkeypatch.setattr(commands, "subprocess", refusing)
    code, _, err = rapport.code("service", "install", "--system", "--as", "nobody")
    assert code == 1
    assert "`systemctl daemon-reload` failed: Access denied" in err
