"""The program `run`: what it answers before anything is installed, and what it hands over."""

import os
import pty
import re
import select
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from api_stub.cli.main import COMMANDS
from tests.cluster import PATIENCE

ROOT: Final = Path(__file__).parents[2]
RUN_S_OWN: Final = {"test", "lint", "docs-test", "soak", "mutate", "bench"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in which nothing is installed, with a space in its name."""
    folder = tmp_path / "my clone"
    folder.mkdir()
    for name in ("run", "pyproject.toml", "requirements.lock", "requirements-run.lock"):
        shutil.copy(ROOT / name, folder)
    return folder


def run(folder: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run `./run`, in a PATH without Python: nothing can be installed."""
    path = folder / "programs"
    path.mkdir(exist_ok=True)
    for program in ("dirname", "cat", "awk", "sed", "grep", "git", "cksum"):
        found = shutil.which(program)
        if found and not (path / program).exists():
            (path / program).symlink_to(found)
    return subprocess.run(
        ["/bin/sh", "./run", *arguments],
        cwd=folder, env={"PATH": str(path), **env}, capture_output=True, check=False, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("asked", [(), ("--help",), ("-h",), ("help",)])
def test_help_names_every_command_before_anything_is_installed(clone: Path, asked: tuple[str, ...]) -> None:
    said = run(clone, *asked)
    assert (said.returncode, said.stderr) == (0, "")
    lines = [line for line in said.stdout.splitlines() if re.match(r"  [a-z]", line)]
    processes = {"worker", "beat", "notifier", "api", "metrics", "flower", "sandbox"}
    named = [
        word
        for line in lines
        for word in (line.split() if "worker" in line.split()[:1] else line.split()[:1])
    ]
    assert processes < set(named)
    assert len(named) == len(set(named))
    assert set(named) == COMMANDS.keys() | RUN_S_OWN
    assert max(map(len, said.stdout.splitlines())) <= 80
    assert not (clone / ".venv").exists()


def test_the_version_is_told_before_anything_is_installed(clone: Path) -> None:
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert run(clone, "--version").stdout == f"rapport {version[1]}\n"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("tset", "test"), ("campain", "campaign"), ("stop-everythin", "stop-everything"), ("demos", "demo")],
)
def test_an_unknown_command_installs_nothing_and_names_the_nearest(
    clone: Path, typed: str, meant: str
) -> None:
    said = run(clone, typed)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == (
        f"rapport: there is no command '{typed}'. Did you mean '{meant}'? ./run --help lists the commands.\n"
    )
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize("typed", ["xyzzy", "-x", ".*", ""])
def test_what_is_like_no_command_gets_no_suggestion(clone: Path, typed: str) -> None:
    said = run(clone, typed)
    assert (said.returncode, "Did you mean" in said.stderr) == (2, False)


def test_a_completion_installs_nothing(clone: Path) -> None:
    said = run(clone, "so", _RAPPORT_COMPLETE="1")
    assert (said.returncode, said.stdout) == (0, "soak\nsourcing\n") or said.stdout == "sourcing\nsoak\n"
    assert run(clone, "why", "--", _RAPPORT_COMPLETE="1").stdout == ""
    assert not (clone / ".venv").exists()


@pytest.fixture
def without_network(clone: Path) -> Path:
    """A clone with a Python that makes an environment whose pip reaches nothing: the second step fails."""
    run(clone, "--version")  # makes the folder of programs
    fake = clone / "programs" / "python3"
    fake.write_text(
        '#!/bin/sh\ncase "$*" in\n*sys.executable*) echo "$0" ;;\n*venv*) mkdir -p .venv/bin; '
        'ln -sf "$0" .venv/bin/python ;;\n-V) echo Python 3.12 ;;\n*pip*) echo no network; exit 1 ;;\nesac\n'
    )
    fake.chmod(0o755)
    for program in ("mkdir", "ln", "rm", "readlink", "kill", "head", "tail", "id", "sleep"):
        (clone / "programs" / program).symlink_to(str(shutil.which(program)))
    return clone


def test_a_set_up_says_which_step_of_how_many_it_is(without_network: Path) -> None:
    clone = without_network
    said = run(clone, "why", "demo")
    count = len(pins("requirements-run.lock"))
    assert said.returncode == 1
    assert said.stderr.splitlines()[:2] == [
        "rapport: [1/3] making .venv, Rapport's own Python environment",
        f"rapport: [2/3] installing {count} pinned packages",
    ]
    assert "no network" in said.stderr
    assert "rapport: [1/4]" in run(clone, "demo").stderr
    assert f"installing {len(pins('requirements.lock'))} pinned" in run(clone, "lint").stderr


def test_on_a_terminal_a_step_counts_the_seconds(without_network: Path) -> None:
    pip = without_network / "programs" / "python3"
    waits = "until [ -e go ]; do :; done; exit 1"  # until the test has seen a second pass
    pip.write_text(pip.read_text().replace("exit 1", waits))
    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["/bin/sh", "./run", "why", "demo"],
        cwd=without_network, env={"PATH": str(without_network / "programs")}, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    said = ""
    try:
        while not re.search(r"\[2/3\] installing \d+ pinned packages \([1-9]\d* s\)", said):
            assert select.select([master], [], [], PATIENCE.total_seconds())[0], said
            said += os.read(master, 4096).decode()
    finally:
        (without_network / "go").touch()
        assert process.wait(PATIENCE.total_seconds()) == 1
        os.close(master)


def pins(lock: str) -> set[str]:
    """Return the packages of a lock file, each with its hashes."""
    return set(re.findall(r"^\S+==(?:.*\\\n)*.*$", (ROOT / lock).read_text(), re.MULTILINE))


def test_what_rapport_runs_on_are_the_versions_that_the_tests_use() -> None:
    runs_on, tested = pins("requirements-run.lock"), pins("requirements.lock")
    assert len(runs_on) > 50
    assert runs_on < tested


@pytest.mark.skipif(not (ROOT / ".venv/.rapport-ready").exists(), reason="nothing is installed by ./run here")
def test_bash_completes_commands_options_and_values() -> None:
    asks = """
        eval "$(./run completion bash)"
        complete_words() {
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            _rapport_complete "$1"; echo "${COMPREPLY[*]}"
        }
        complete -p run rapport
        complete_words ./run doc
        complete_words ./run contacts do-
        complete_words ./run contacts list --st
        complete_words "$PWD/run" worker ''
        complete_words /somewhere/else/run do
    """
    said = subprocess.run(
        ["bash", "--norc", "-c", asks],
        cwd=ROOT, env={"PATH": os.defpath}, capture_output=True, check=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    assert said == [
        "complete -o default -F _rapport_complete run", "complete -o default -F _rapport_complete rapport",
        "doctor docs-test", "do-not-contact", "--status", "browser control", "",
    ]  # fmt: skip
