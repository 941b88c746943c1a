"""`rapport doctor`: its checks and its advice."""

import sys
from pathlib import Path

import pytest

from api_stub.checks.browser_version import judge_browser, read_expected_version
from api_stub.checks.finding import Finding
from api_stub.checks.own_work import check_packages, check_python
from api_stub.cli.stack import doctor
from tests.cli.conftest import NOBODY, Rapport
from worker import queues
from worker.browser import chromium, driver
from worker.browser.pool import BrowserPool
from worker.servers import redis_address


def findings(data: Path) -> dict[str, Finding]:
    return {finding.what: finding for finding in doctor._check_servers(data)}


def all_consumed(redis_url: str) -> None:
    """Let a worker take messages of every queue."""
    with queues.connect(redis_address.parse(redis_url)) as redis:
        queues.record_consumer(redis, "all@box", queues.ALL_QUEUES, asked_s=0, busy_s=None)


def test_the_doctor_finds_all_well(rapport: Rapport, tmp_path: Path, redis_url: str) -> None:
    all_consumed(redis_url)
    found = findings(tmp_path)
    assert {what: finding.ok for what, finding in found.items()} == {
        "Postgres": True,
        "tables": True,
        "Redis": True,
        "secret keys": True,
        "subscriptions": True,
        "sign-ins": True,
        "upkeep": True,
        "backups": True,
        "sites' pages": True,
        "notices": True,
        "workers": True,
    }
    assert "answers" in found["Redis"].detail
    assert check_python(sys.version_info[:3]).ok
    assert check_packages().ok
    assert doctor._check_ports().ok


def test_the_doctor_says_which_url_is_wrong_and_tells_no_password(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("DATABASE_URL", NOBODY)
    environment.setenv("REDIS_URL", "redis://:secret-word@127.0.0.1:1/0")
    found = findings(tmp_path)
    assert [finding.ok for finding in found.values()] == [False] * 11
    assert "DATABASE_URL" in found["Postgres"].advice
    assert "REDIS_URL" in found["Redis"].advice
    assert "secret-word" not in repr(found)


def test_a_postgres_that_does_not_answer_beside_an_embedded_redis_is_a_finding(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("DATABASE_URL", NOBODY)
    environment.delenv("REDIS_URL")
    (found,) = doctor._check_servers(tmp_path)
    assert (found.what, found.ok) == ("Postgres", False)
    assert "DATABASE_URL" in found.advice
    assert "secret-word" not in repr(found)


def test_the_doctor_says_migrate(environment: pytest.MonkeyPatch, bare_url: str, tmp_path: Path) -> None:
    environment.setenv("DATABASE_URL", bare_url)
    found = findings(tmp_path)
    assert found["Postgres"].ok
    assert (found["tables"].ok, found["tables"].advice) == (False, "run `rapport migrate`")


def test_the_doctor_says_that_a_browser_is_missing_or_does_not_run(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("RAPPORT_CHROMIUM", str(tmp_path / "none"))
    assert "install" in doctor._check_browser().advice
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no libraries >&2\nexit 1\n")
    broken.chmod(0o755)
    environment.setenv("RAPPORT_CHROMIUM", str(broken))
    finding = doctor._check_browser()
    assert (finding.ok, finding.detail) == (False, "no libraries")
    assert "does not run" in finding.advice
    broken.chmod(0o644)
    assert "Permission denied" in doctor._check_browser().detail
    broken.write_text("#!/bin/sh\nexec sleep 9\n")
    broken.chmod(0o755)
    environment.setattr(doctor, "_LONGEST_START_S", 0.05)
    finding = doctor._check_browser()
    assert (finding.ok, finding.advice) == (False, f"{broken} does not run")


def test_the_doctor_names_the_library_that_playwright_s_driver_lacks(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a bare Debian does, and Playwright itself only says that a connection was closed."""
    node = tmp_path / "node"
    node.write_text(
        "#!/bin/sh\necho 'node: error while loading shared libraries: libatomic.so.1' >&2; exit 127\n"
    )
    node.chmod(0o755)
    environment.setattr(driver, "compute_driver_executable", lambda: (str(node), "cli.js"))
    environment.delenv("RAPPORT_CHROMIUM", raising=False)
    driver._check_driver.cache_clear()
    try:
        finding = doctor._check_browser()
    finally:
        driver._check_driver.cache_clear()
    assert not finding.ok
    assert "driver does not run" in finding.detail
    assert "libatomic.so.1" in finding.detail
    assert finding.advice == "on Debian and Ubuntu: apt install libatomic1"


@pytest.mark.parametrize(
    ("found", "expected", "is_warning", "says"),
    [
        ("Chromium 156.0.8078.108", 159, False, "Playwright is made for 159"),
        ("Chromium 153.0.1.2", 159, False, "Playwright is made for 159"),
        ("Chromium 152.9.1.2", 159, True, "update the browser"),
        ("Google Chrome 165.0.1.2", 159, False, "Playwright is made for 159"),
        ("Google Chrome 166.0.1.2", 159, True, "newer Playwright"),
        ("Chromium 156.0.8078.108", None, False, "Chromium 156.0.8078.108"),
        ("a browser", 159, False, "a browser"),
    ],
)
def test_the_browser_s_version_is_held_against_playwright_s(
    found: str, expected: int | None, is_warning: bool, says: str
) -> None:
    finding = judge_browser(found, expected)
    assert (finding.ok, finding.is_warning) == (True, is_warning)
    assert says in f"{finding.detail} {finding.advice}"


def test_playwright_says_which_version_it_is_made_for() -> None:
    expected = read_expected_version()
    assert expected
    assert expected > 100


class _PoolWithout(BrowserPool):
    """A browser that runs without its sandbox, and is not started."""

    def find_sandbox_obstacle(self) -> str | None:
        return chromium.NAMESPACES_FORBIDDEN


def test_the_doctor_says_whether_the_browser_has_its_sandbox(environment: pytest.MonkeyPatch) -> None:
    environment.setattr(doctor, "BrowserPool", _PoolWithout)
    off = doctor._check_browser_sandbox()
    assert off.ok  # everything works, without the sandbox
    assert off.detail.startswith("off: this system doesn't let ordinary users create user namespaces")
    assert "ops/seccomp.json" in off.advice
    environment.setattr(_PoolWithout, "find_sandbox_obstacle", lambda _: None)
    on = doctor._check_browser_sandbox()
    assert (on.ok, on.detail, on.advice) == (True, "on", "")


@pytest.mark.parametrize("ok", [True, False])
def test_the_doctor_ends_with_what_is_missing(
    rapport: Rapport, environment: pytest.MonkeyPatch, redis_url: str, ok: bool
) -> None:
    all_consumed(redis_url)
    environment.setattr(doctor, "_check_browser", lambda: Finding("browser", ok, "found", "install one"))
    # Playwright allows one loop in a thread, and other tests may have one open
    environment.setattr(doctor, "BrowserPool", _PoolWithout)
    code, out, _ = rapport.code("doctor")
    assert (code, "missing: browser" in out, "nothing is missing" in out) == (0 if ok else 4, not ok, ok)


def test_no_free_port_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden() -> int:
        raise OSError("no listening here")

    monkeypatch.setattr(doctor, "find_free_port", forbidden)
    assert not doctor._check_ports().ok


def test_missing_fonts_are_a_warning_with_the_packages_that_have_them(
    rapport: Rapport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, redis_url: str
) -> None:
    all_consumed(redis_url)
    listing = tmp_path / "fc-list"
    listing.write_text("#!/bin/sh\ncase $1 in :lang=th|:charset=1f680) ;; *) echo Some Font ;; esac\n")
    listing.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda program: str(listing) if program == "fc-list" else None)
    monkeypatch.setattr(doctor, "_check_browser", lambda: Finding("browser", True, "found"))
    monkeypatch.setattr(doctor, "BrowserPool", _PoolWithout)
    code, out, _ = rapport.code("doctor")
    shown = " ".join(out.split())
    assert code == 0
    assert "fonts warning none for" in shown
    assert "none for Thai, emoji" in shown
    assert "fonts-noto-core fonts-noto-color-emoji" in shown
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "there is no fc-list" in doctor._check_fonts().detail


@pytest.mark.parametrize(
    ("version", "ok", "warns"),
    [
        ((3, 10, 14), False, False), ((3, 11, 0), True, False), ((3, 13, 9), True, False),
        ((3, 14, 0), True, True), ((3, 14, 6), True, True), ((3, 14, 7), True, False),
        ((3, 15, 0), True, False),
    ],
)  # fmt: skip
def test_the_doctor_warns_of_a_python_that_leaks(
    version: tuple[int, int, int], ok: bool, warns: bool
) -> None:
    found = check_python(version)
    assert (found.ok, found.is_warning) == (ok, warns)
    assert ("3.14.7" in found.advice) is warns
