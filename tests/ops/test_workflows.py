"""The workflows of CI and of releases: valid, least privilege, pinned; the notes of a release."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ops.release_notes import read_notes
from tests.folders import KEEP, system_folder

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = [ROOT / ".github" / name for name in ("prepare", "install-tools")]
PROGRAMS = Path(sys.prefix) / "bin"
PARSED: dict[str, dict[str, Any]] = {
    file.name: YAML(typ="safe", pure=True).load(file.read_text()) for file in WORKFLOWS
}


def check(*words: object) -> None:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.renovate", [ROOT / "renovate.json"]),
    ],
    ids=["workflows", "renovate"],
)
def test_they_keep_to_their_schema(schema: str, files: list[Path]) -> None:
    assert files
    check(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files)


def test_zizmor_finds_no_weakness_in_the_workflows() -> None:
    check(PROGRAMS / "zizmor", "--offline", "--quiet", ROOT / ".github")


def test_hadolint_finds_no_weakness_in_the_dockerfile() -> None:
    check(PROGRAMS / "hadolint", ROOT / "ops" / "Dockerfile")


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_action_is_pinned_by_digest_with_its_version(file: Path) -> None:
    used = re.findall(r"^\s*-? *uses: (\S+)(.*)$", file.read_text(), re.MULTILINE)
    assert used
    for action, comment in used:
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


@pytest.mark.parametrize("file", [*WORKFLOWS, *SCRIPTS], ids=lambda file: file.name)
def test_every_package_is_installed_by_its_hash(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"\bpipx\b|\buvx\b|\bnpx\b", text)
    for line in re.findall(r"pip install .*", text):
        lock = re.search(r"--require-hashes .*--requirement (\S+)$", line)
        assert lock, line
        locked = re.split(r"\n(?! )", (ROOT / lock[1]).read_text().strip())
        assert all(re.match(r"[\w.-]+==\S+ .*--hash=sha256:", each, re.DOTALL) for each in locked)


def test_one_action_has_one_version_everywhere() -> None:
    text = "\n".join(file.read_text() for file in WORKFLOWS)
    versions: dict[str, set[str]] = {}
    for action, digest in re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40})", text):
        versions.setdefault(action, set()).add(digest)
    assert {action for action, digests in versions.items() if len(digests) > 1} == set()


@pytest.mark.parametrize("name", sorted(PARSED))
def test_a_workflow_has_no_rights_but_those_of_its_jobs(name: str) -> None:
    assert PARSED[name]["permissions"] == {}
    for job in PARSED[name]["jobs"].values():
        assert job["permissions"]
        assert "uses" in job or job["timeout-minutes"]


def test_pull_requests_get_no_right_to_write() -> None:
    for name, workflow in PARSED.items():
        assert "pull_request_target" not in workflow["on"]
        if "pull_request" not in workflow["on"]:
            continue
        for key, job in workflow["jobs"].items():
            rights = {right for right, level in job["permissions"].items() if level == "write"}
            guarded = "refs/heads/main" in job.get("if", "") or "inputs.version" in job.get("if", "")
            assert guarded or rights <= {"security-events"}, f"{name}: {key}"


def test_the_tests_run_on_every_python_and_machine_that_is_supported() -> None:
    matrix = PARSED["checks.yml"]["jobs"]["tests"]["strategy"]["matrix"]
    lowest = re.search(r'requires-python = ">=(\S+)"', (ROOT / "pyproject.toml").read_text())
    assert lowest
    assert lowest[1] == matrix["python"][0]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert {each["os"] for each in matrix["include"]} == {"ubuntu-24.04-arm", "macos-15"}


def test_each_test_of_the_soak_runs_in_one_job_of_a_workflow() -> None:
    marked = {file for file in (ROOT / "tests").rglob("*.py") if re.search(r"mark\.soak\b", file.read_text())}
    jobs = PARSED["soak.yml"]["jobs"]["tests"]["strategy"]["matrix"]["include"]
    selections = [job["paths"] for job in jobs] + ["tests/docs"]  # those by `./run docs-test`, in checks.yml
    for file in marked:
        path = file.relative_to(ROOT)
        chosen = [words for words in selections if is_selected(path, words.split(" --ignore "))]
        assert len(chosen) == 1, f"{path}: {chosen}"


def is_selected(path: Path, words: list[str]) -> bool:
    taken, *ignored = words
    return path.is_relative_to(taken) and not any(path.is_relative_to(each) for each in ignored)


def test_a_workflow_that_runs_by_the_clock_keeps_what_explains_a_failure() -> None:
    for job in PARSED["soak.yml"]["jobs"].values():
        *_, last = job["steps"]
        assert last["if"] == "failure() || cancelled()"
        assert last["uses"].startswith("actions/upload-artifact@")
        assert last["with"]["path"].strip()


def test_the_soak_of_a_workflow_keeps_the_folders_of_its_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = PARSED["soak.yml"]["jobs"]["tests"]["steps"]
    assert [KEEP in step["env"] for step in steps if "TMPDIR" in step.get("env", {})] == [True]
    with system_folder("deleted") as deleted:
        pass
    monkeypatch.setenv(KEEP, "yes")
    with system_folder("kept") as kept:
        pass
    assert (deleted.exists(), kept.exists()) == (False, True)
    kept.rmdir()


def test_a_machine_is_prepared_before_its_tests_run() -> None:
    """A test whose server is missing is skipped, and Chromium without its sandbox fails."""
    for name, workflow in PARSED.items():
        for job in workflow["jobs"].values():
            commands = [step.get("run", "") for step in job.get("steps", ())]
            tests = [
                at
                for at, each in enumerate(commands)
                if re.search(r"run (test|soak|docs-test)\b|\.ci/run", each)
            ]
            assert not tests or ".github/prepare" in commands[: tests[0]], name


def test_the_soak_has_what_its_tests_would_be_skipped_without() -> None:
    steps = PARSED["soak.yml"]["jobs"]["tests"]["steps"]
    assert steps[0]["with"]["fetch-depth"] == 0  # the code of the release before
    (installs,) = [step["run"] for step in steps if "apt-get install" in step.get("run", "")]
    assert {"caddy", "nginx"} <= set(installs.split())


def test_a_machine_is_prepared_with_the_servers_that_run_installs_for_root() -> None:
    prepare = (ROOT / ".github" / "prepare").read_text()
    (packages,) = re.findall(
        r"^sudo RUNLEVEL=1 apt-get install --yes --no-install-recommends (.*)$", prepare, re.MULTILINE
    )
    function = (ROOT / "run").read_text().partition("add_servers() {")[2].partition("\n}")[0]
    named = " ".join(re.findall(r"wanted=\"(?:\$\{wanted:\+\$wanted \})?([\w -]+)\"", function))
    assert set(packages.split()) == set(named.split())


def test_commands_of_run_that_the_workflows_name_exist() -> None:
    usage = subprocess.run([ROOT / "run", "--help"], capture_output=True, text=True, check=True).stdout
    named = {word for file in WORKFLOWS for word in re.findall(r"\./run ([\w-]+)", file.read_text())}
    assert named == {"lint", "test", "docs-test", "soak"}
    assert all(re.search(rf"^  {word} ", usage, re.MULTILINE) for word in named)


def test_hooks_before_a_commit_are_the_tools_of_the_lock() -> None:
    hooks = YAML(typ="safe", pure=True).load((ROOT / ".pre-commit-config.yaml").read_text())
    (local,) = hooks["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        program = ROOT / hook["entry"].split()[0]
        assert program.parent == ROOT / ".venv" / "bin"
        assert (PROGRAMS / program.name).exists()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "rapport"\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n- later\n\n"
        "## 1.2.0 - 2026-12-01\n\n### Added\n\n- this\n\n## 1.1.0\n\n- old\n"
    )
    return tmp_path


def test_the_notes_of_a_release_are_its_section_of_the_changelog(tree: Path) -> None:
    assert read_notes("v1.2.0", tree) == "### Added\n\n- this\n"


@pytest.mark.parametrize("tag", ["v1.1.0", "1.2.0", "v1.2", "v1.2.0-rc1", ""])
def test_a_tag_of_another_version_is_refused(tree: Path, tag: str) -> None:
    with pytest.raises(ValueError, match=r"pyproject\.toml has version 1\.2\.0"):
        read_notes(tag, tree)


@pytest.mark.parametrize("section", ["## 1.2.0\n", "## 11.2.0\n\n- other\n", "## 1.2.01\n\n- other\n", ""])
def test_a_release_without_notes_is_refused(tree: Path, section: str) -> None:
    (tree / "CHANGELOG.md").write_text(f"# Changelog\n\n{section}\n## 1.1.0\n\n- old\n")
    with pytest.raises(ValueError, match=r"no section '## 1\.2\.0'"):
        read_notes("v1.2.0", tree)
