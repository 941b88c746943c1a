"""The systemd units: systemd itself reads them, and each process may do only what it needs."""

import configparser
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from api_stub.stack.environment import inherited_environment
from api_stub.stack.units.embedded import Installation, embedded_units
from api_stub.stack.units.hardening import BROWSER_SYSTEM_CALLS
from api_stub.stack.units.processes import LOG_COMMAND, OWNERS_ADDRESS, Part, list_usual_parts, process_units
from api_stub.stack.units.unit import Unit, command
from worker.errors import RequestRefusedError
from worker.processes import SECRETS_OF_PROCESS, Process
from worker.settings import variable_name

PROGRAM = Path(sys.prefix) / "bin" / "rapport"
SYSTEM = Installation(PROGRAM, "daemon", Path("/usr/bin/chromium"))
PERSONAL = Installation(PROGRAM, None)
PACKAGED = Installation(Path("/opt/rapport/bin/rapport"), "daemon", Path("/usr/bin/chromium"))
"""As docs/deployment.md installs it: one in a home may read the homes, and is rated 0.1 more."""
SETS = {
    "processes": process_units(SYSTEM, list(Part), workers=2),
    "embedded": embedded_units(SYSTEM, Path("/unused"), workers=1),
    "personal": embedded_units(PERSONAL, Path("/srv/my 100% $data"), workers=1),
}
SERVICES = [
    pytest.param(unit, id=f"{name}-{unit.name}")
    for name, units in SETS.items()
    for unit in units
    if unit.name.endswith(".service")
]
STARTING_A_BROWSER = {"rapport-worker-browser@.service", "rapport.service"}
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze, of Debian's systemd, is not installed"
)


def settings_of(unit: Unit, key: str) -> Sequence[str]:
    return [value for name, value in unit.sections["Service"] if name == key]


def analyse(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["systemd-analyze", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**inherited_environment(), "XDG_RUNTIME_DIR": tempfile.gettempdir()},
    )


@needs_systemd
@pytest.mark.parametrize("name", SETS)
def test_systemd_finds_nothing_wrong(name: str, tmp_path: Path) -> None:
    for unit in SETS[name]:
        (tmp_path / unit.name).write_text(unit.render())
    files = [str(tmp_path / unit.name.replace("@.", "@1.")) for unit in SETS[name]]
    manager = ["--user"] if name == "personal" else []
    done = analyse("verify", "--man=no", "--recursive-errors=no", *manager, *files)
    ours = [line for line in done.stderr.splitlines() if "rapport" in line]
    assert (ours, done.returncode) == ([], 0), done.stderr


@needs_systemd
def test_systemd_s_check_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "rapport-x.service").write_text("[Service]\nExecStart=/none/rapport\nMemoryMax=much\n")
    done = analyse("verify", "--man=no", "--recursive-errors=no", str(tmp_path / "rapport-x.service"))
    assert done.returncode != 0
    assert "Invalid memory limit" in done.stderr


@needs_systemd
@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(unit, id=unit.name)
        for unit in (
            *process_units(PACKAGED, list(Part), workers=1),
            *embedded_units(PACKAGED, Path("/unused"), workers=1),
        )
        if unit.name.endswith(".service")
    ],
)
def test_a_unit_of_the_machine_is_well_contained(unit: Unit, tmp_path: Path) -> None:
    file = tmp_path / unit.name.replace("@.", "@1.")
    file.write_text(unit.render())
    # Tenths of systemd's exposure. Version 252 rates a file 0.2 worse than it rates the same unit that runs;
    # 257 doesn't.
    most = 23 if unit.name in STARTING_A_BROWSER else 14
    done = analyse("security", "--offline=yes", "--no-pager", f"--threshold={most}", str(file))
    assert done.returncode == 0, done.stdout


@needs_systemd
def test_chromium_s_sandbox_may_make_its_namespaces() -> None:
    groups = re.split(r"\n(?=@)", analyse("syscall-filter", "--no-pager").stdout)
    calls = {
        lines[0]: lines[1:] for lines in ([line.strip() for line in each.split("\n")] for each in groups)
    }

    def expand(name: str) -> set[str]:
        return {call for each in calls[name] for call in (expand(each) if each in calls else {each})}

    allowed = {
        call for word in BROWSER_SYSTEM_CALLS.split() for call in (expand(word) if word in calls else {word})
    }
    assert {"clone", "unshare", "chroot", "seccomp", "prctl"} <= allowed
    assert not {"mount", "umount2", "pivot_root", "reboot", "bpf", "init_module"} & allowed


@pytest.mark.parametrize("unit", SERVICES)
def test_every_service_gains_no_rights_and_takes_no_more_than_its_share(unit: Unit) -> None:
    assert settings_of(unit, "NoNewPrivileges") == ["yes"]
    assert settings_of(unit, "MemoryMax")
    assert settings_of(unit, "TasksMax")
    assert settings_of(unit, "UMask") == ["0077"]


@pytest.mark.parametrize("unit", [each for each in SERVICES if "personal" not in str(each.id)])
def test_a_unit_of_the_machine_writes_its_state_only_and_is_not_root(unit: Unit) -> None:
    assert settings_of(unit, "ProtectSystem") == ["strict"]
    assert settings_of(unit, "User") == ["daemon"]
    assert settings_of(unit, "ReadWritePaths") == []
    assert set(settings_of(unit, "StateDirectory")) <= {"rapport/service"}
    starts_a_browser = unit.name in STARTING_A_BROWSER
    assert not starts_a_browser or "HOME=%S/rapport/service" in settings_of(unit, "Environment")
    assert settings_of(unit, "RestrictNamespaces") == ["user pid net" if starts_a_browser else "yes"]


def test_each_process_is_given_its_own_secrets_as_files_and_no_others() -> None:
    for unit in SETS["processes"]:
        if unit.name.endswith(".target"):
            continue
        words = settings_of(unit, "ExecStart")[0].split()
        process = Process(" ".join(words[1:3]) if words[1] == "worker" else words[1])
        expected = {variable_name(field) for field in SECRETS_OF_PROCESS[process]}
        given = dict(each.split(":") for each in settings_of(unit, "LoadCredential"))
        assert given.keys() == expected
        owner = OWNERS_ADDRESS if process is Process.MIGRATE else "DATABASE_URL"
        for name, file in given.items():
            assert file == f"%E/rapport/secrets/{owner if name == 'DATABASE_URL' else name}"
            assert f"{name}_FILE=%d/{name}" in settings_of(unit, "Environment")


def test_a_unit_and_the_pages_command_say_that_the_logs_are_in_the_journal() -> None:
    wanted = f"RAPPORT_LOG_COMMAND={LOG_COMMAND}"
    (api,) = [unit for unit in SETS["processes"] if unit.name == "rapport-api.service"]
    assert f'"{wanted}"' in settings_of(api, "Environment")
    page = Path(__file__).parents[2] / "docs" / "deployment.md"
    assert f'export {wanted.replace("=", "=" + chr(34), 1)}"\n' in page.read_text()


def test_the_target_wants_every_process_and_each_browser() -> None:
    target, *services = SETS["processes"]
    wanted = dict(target.sections["Unit"])["Wants"].split()
    browser = "rapport-worker-browser@.service"
    assert {"rapport-worker-browser@1.service", "rapport-worker-browser@2.service"} < set(wanted)
    others = {each.name for each in services} - {browser, "rapport-migrate.service"}
    assert others < set(wanted)
    assert len(wanted) == len(set(wanted))


def test_one_of_several_machines_runs_its_parts_only() -> None:
    target, *services = process_units(SYSTEM, [Part.BROWSER, Part.METRICS], workers=2)
    names = {each.name for each in services}
    assert names == {"rapport-worker-browser@.service", "rapport-metrics.service"}
    assert set(dict(target.sections["Unit"])["Wants"].split()) == {
        "rapport-worker-browser@1.service", "rapport-worker-browser@2.service", "rapport-metrics.service",
    }  # fmt: skip
    alone = process_units(SYSTEM, list_usual_parts(), workers=1)
    assert "rapport-metrics.service" not in {each.name for each in alone}  # the API serves them
    assert "rapport-migrate.service" in dict(alone[0].sections["Unit"])["Wants"]


@pytest.mark.parametrize("name", ["embedded", "personal"])
def test_no_link_that_signs_in_gets_into_the_journal(name: str) -> None:
    (start,) = settings_of(SETS[name][0], "ExecStart")
    assert "--in-background" in start.split()


def test_a_worker_may_finish_its_action() -> None:
    worker = next(each for each in SETS["processes"] if "browser" in each.name)
    assert settings_of(worker, "TimeoutStopSec") == ["210s"]
    assert settings_of(worker, "KillMode") == ["mixed"]


def test_an_installation_in_a_home_stays_visible() -> None:
    homely = Installation(Path("/home/ann/rapport/.venv/bin/rapport"), "ann")
    assert settings_of(embedded_units(homely, Path("/d"), workers=1)[0], "ProtectHome") == ["read-only"]
    packaged = Installation(Path("/opt/rapport/bin/rapport"), "ann")
    assert settings_of(embedded_units(packaged, Path("/d"), workers=1)[0], "ProtectHome") == ["yes"]


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/opt/rapport", "/opt/rapport"),
        ("/my data", '"/my data"'),
        ("/100%", "/100%%"),
        ("/a$b", "/a$$b"),
        ('/a"b', '"/a\\"b"'),
        ("/a\\b", '"/a\\\\b"'),
        ("/a;b", '"/a;b"'),
    ],
)
def test_a_path_stays_one_word(word: str, written: str) -> None:
    assert command("/bin/true", word) == f"/bin/true {written}"


@pytest.mark.parametrize("word", ["/a\nExecStart=/bin/sh", "/a\rb", "/a\0b"])
def test_a_path_can_add_no_line(word: str) -> None:
    with pytest.raises(RequestRefusedError, match="control characters"):
        command("/bin/true", word)


def test_a_unit_is_an_ini_file_of_its_settings() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(SETS["personal"][0].render())
    assert parser["Service"]["Type"] == "exec"
    assert parser["Install"]["WantedBy"] == "default.target"
