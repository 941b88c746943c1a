"""Chromium's own sandbox: on where the kernel allows it, else off with a reason."""

import ctypes.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import playwright
import pytest

from tests.browser.ordinary_user import NOBODY
from worker.browser import chromium

PROGRAM = Path(__file__).with_name("ordinary_user.py")
PROFILE = PROGRAM.parents[2] / "ops/seccomp.json"
NODE = Path(playwright.__file__).parent / "driver/node"


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of a user who can start a browser and create a user namespace."""
    folder = Path(tempfile.mkdtemp(prefix="rapport-browser-"))
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    for command in ((str(NODE), "--version"), ("unshare", "--user", "true")):
        try:
            subprocess.run(command, check=True, capture_output=True, cwd="/", **identity)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip(f"an ordinary user can't run {command[0]} here")
    yield folder
    shutil.rmtree(folder)


def as_ordinary_user(*arguments: str | Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROFILE.parents[1],
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_an_ordinary_user_s_chromium_has_its_sandbox(home: Path) -> None:
    told = as_ordinary_user(home, "")
    assert told == {"no_sandbox": None, "text": "works", "filters": 1, "logged": []}


needs_libseccomp = pytest.mark.skipif(
    ctypes.util.find_library("seccomp") is None, reason="no libseccomp here"
)


@needs_libseccomp
def test_the_profile_of_the_container_lets_chromium_have_its_sandbox(home: Path) -> None:
    told = as_ordinary_user(home, PROFILE)
    # the container's filter and Chromium's
    assert told == {"no_sandbox": None, "text": "works", "filters": 2, "logged": []}


@needs_libseccomp
@pytest.mark.parametrize("call", ["chroot", pytest.param("unshare", marks=pytest.mark.soak)])
def test_without_these_calls_there_is_none_and_pages_open_all_the_same(home: Path, call: str) -> None:
    told = as_ordinary_user(home, PROFILE, call)
    assert told == {
        "no_sandbox": chromium.NAMESPACES_FORBIDDEN,
        "text": "works",
        "filters": 1,
        "logged": ["chromium_without_sandbox"],
    }


def test_root_is_told_that_there_is_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "for root: start Rapport as an ordinary user" in (chromium.find_sandbox_obstacle() or "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert chromium.find_sandbox_obstacle() is None


@pytest.mark.parametrize(
    ("said", "about_sandbox"),
    [
        ("Chromium sandboxing failed!\n====", True),
        (
            "[pid=7][err] FATAL:credentials.cc(131)] Check failed: sandbox::Credentials::MoveToNewUserNS()",
            True,
        ),
        ("[pid=7][err] FATAL:zygote_host_impl_linux.cc(201)] Check failed: . : Invalid argument (22)", True),
        ("<launching> /home/ann/sandbox/chromium --headless\n[pid=7][err] cannot open display", False),
        ("Timeout 30000ms exceeded.", False),
    ],
)
def test_only_a_refusal_of_the_sandbox_takes_it_away(said: str, about_sandbox: bool) -> None:
    assert chromium.is_sandbox_error(said) is about_sandbox
