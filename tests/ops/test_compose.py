"""docker-compose.yml follows the Compose specification and Rapport's requirements."""

import json
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from api_stub.cli.main import build_app
from db.role_names import APP, READER
from tests.docs.examples import find_blocks
from worker.processes import SECRETS_OF_PROCESS, Process
from worker.settings import SECRET_FIELDS, Settings, get_settings, variable_name

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "ops" / "Dockerfile"
ENVIRONMENT = ROOT / "ops" / "example.env"
TEXT = COMPOSE.read_text()
FILE: dict[str, Any] = YAML(typ="safe", pure=True).load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
SERVERS = {"postgres", "redis"}
NEIGHBOURS = {name: set(SERVICES[name].get("networks", ())) for name in SERVICES}
MONITORING = sorted(name for name in SERVICES if SERVICES[name].get("profiles") == ["monitoring"])
OURS = sorted(SERVICES.keys() - SERVERS - set(MONITORING))
LASTING = sorted(SERVICES.keys() - {"migrate"})
COMMANDS = typer.main.get_command(build_app())


def command_of(service: str) -> list[str]:
    """Return the arguments after `rapport`, also from a shell command."""
    words = [word for part in SERVICES[service]["command"] for word in shlex.split(part)]
    return words[words.index("rapport") + 1 :]


def duration(text: str) -> timedelta:
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", text).groups(default="0")  # type: ignore[union-attr]
    return timedelta(minutes=int(minutes), seconds=int(seconds))


@pytest.fixture
def celery_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    monkeypatch.setenv("REDIS_URL", "redis://given")
    get_settings.cache_clear()
    yield runpy.run_path(str(ROOT / "celeryconfig.py"))
    get_settings.cache_clear()


def test_it_keeps_to_the_specification() -> None:
    # The checker carries the Compose schema; nothing is fetched.
    check = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_of_ours_are_one_image_built_once() -> None:
    assert {SERVICES[name]["image"] for name in OURS} == {"rapport:local"}
    builds = [SERVICES[name]["build"] for name in SERVICES if "build" in SERVICES[name]]
    assert builds == [{"context": ".", "dockerfile": "ops/Dockerfile"}]


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    context = typer.Context(COMMANDS)
    command, *arguments = command_of(name)
    assert COMMANDS.get_command(context, command) is not None  # type: ignore[attr-defined]
    parsed = COMMANDS.get_command(context, command)  # type: ignore[attr-defined]
    parsed.make_context(command, arguments)


@pytest.mark.parametrize("name", LASTING)
def test_whatever_lasts_is_asked_how_it_is_and_started_again(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_nobody_starts_before_the_tables_are_there() -> None:
    for name in set(OURS) - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


@pytest.mark.parametrize("name", OURS)
def test_ours_have_no_rights_beyond_their_own(name: str) -> None:
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    profile = ["seccomp:ops/seccomp.json"] if name == "worker-browser" else []
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true", *profile]
    assert "privileged" not in SERVICES[name]
    assert "user" not in SERVICES[name]  # the image's


def test_the_browser_s_profile_allows_user_namespaces_and_nothing_that_reaches_the_kernel() -> None:
    profile = json.loads((ROOT / "ops/seccomp.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    allowed = {
        name for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]
    }
    assert {"chroot", "clone", "unshare"} < allowed
    assert not allowed & {
        "mount", "umount2", "pivot_root", "setns", "bpf", "perf_event_open", "keyctl", "add_key",
        "request_key", "userfaultfd", "io_uring_setup", "init_module", "finit_module", "kexec_load",
        "open_by_handle_at", "process_vm_readv", "process_vm_writev", "reboot", "swapon", "syslog",
    }  # fmt: skip


def test_the_image_runs_as_a_user_without_rights() -> None:
    last_stage = DOCKERFILE.read_text().rpartition("\nFROM ")[2]
    users = re.findall(r"^USER (\S+)", last_stage, re.MULTILINE)
    assert users
    assert all(int(number) >= 1000 for number in users[-1].split(":"))


def test_the_image_takes_only_what_the_lock_names() -> None:
    installs = re.findall(r"pip install((?:.*\\\n)*.*)", DOCKERFILE.read_text())
    assert installs
    assert all("--require-hashes" in words or "--no-deps" in words for words in installs)


def test_only_loopback_is_published() -> None:
    published = {name: SERVICES[name]["ports"] for name in SERVICES if "ports" in SERVICES[name]}
    assert published.keys() == {"api", "flower", *MONITORING}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert not any("network_mode" in service for service in SERVICES.values())


@pytest.mark.parametrize("name", [name for name in OURS if name.startswith("worker-")])
def test_a_worker_may_finish_its_action_before_it_is_killed(name: str) -> None:
    text = SERVICES[name]["environment"]["RAPPORT_ACTION_TIME_LIMIT"]
    assert duration(SERVICES[name]["stop_grace_period"]) > TypeAdapter(timedelta).validate_python(text)


@pytest.mark.parametrize("file", [COMPOSE, DOCKERFILE, ENVIRONMENT], ids=lambda file: file.name)
def test_every_variable_of_ours_is_a_setting(file: Path) -> None:
    known = {variable_name(name) for name in Settings.model_fields}
    used = set(re.findall(r"\b(?:RAPPORT_[A-Z_]+|DATABASE_URL|REDIS_URL)\b", file.read_text()))
    assert used
    assert used <= known


@pytest.mark.parametrize("name", OURS)
def test_each_is_given_the_secrets_it_uses_and_no_others(name: str) -> None:
    words = command_of(name)
    process = Process(" ".join(words[:2]) if words[0] == "worker" else words[0])
    secrets = {variable_name(field) for field in SECRET_FIELDS}
    given = SERVICES[name]["environment"].keys() & secrets
    assert given == {variable_name(field) for field in SECRETS_OF_PROCESS[process]}


def test_secrets_have_no_default() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", TEXT))
    listed = dict(re.findall(r"^(\w+)=(.*)$", ENVIRONMENT.read_text(), re.MULTILINE))
    assert listed == dict.fromkeys(asked, "")
    assert not re.search(r"\$\{\w*(?:KEY|PASSWORD|AUTH)\w*(?::?-|\})", TEXT)


def test_every_queue_is_consumed(celery_settings: dict[str, Any]) -> None:
    queues = {"browser": celery_settings["BROWSER_QUEUES"], "control": celery_settings["CONTROL_QUEUES"]}
    roles = [command_of(name)[1] for name in OURS if command_of(name)[0] == "worker"]
    consumed = {queue for role in roles for queue in queues[role]}
    assert {queue.name for queue in celery_settings["task_queues"]} == consumed


@pytest.mark.parametrize("role", ["browser", "control"])
def test_a_worker_can_be_scaled_and_is_asked_by_the_name_it_has(role: str) -> None:
    service = SERVICES[f"worker-{role}"]
    assert "container_name" not in service
    assert f'exec rapport worker {role} --name "{role}-$$HOSTNAME"' in service["command"][-1]
    assert service["healthcheck"]["test"][-2:] == ["worker", role]


def test_every_volume_is_made_in_the_image_by_its_user() -> None:
    made = re.search(r"install --directory --owner=rapport(?:.*\\\n)*.*", DOCKERFILE.read_text())
    assert made
    for name in OURS:
        for volume in SERVICES[name].get("volumes", []):
            assert volume.split(":")[1] in made.group().split()


def test_only_the_migration_owns_the_tables() -> None:
    users = {
        name: SERVICES[name]["environment"]["DATABASE_URL"].split("://")[1].partition(":")[0]
        for name in OURS
        if "DATABASE_URL" in SERVICES[name].get("environment", {})
    }
    assert users.pop("migrate") == SERVICES["postgres"]["environment"]["POSTGRES_USER"]
    assert set(users.values()) == {APP}
    created = re.findall(r"create role (\w+)", FILE["configs"]["roles"]["content"])
    assert created == [APP, READER]
    assert "--roles" in command_of("migrate")


def test_a_restoration_runs_as_the_owner_with_what_it_needs() -> None:
    """The commands of docs/deployment.md; tests/drills/compose.py types them."""
    (block,) = [each.text for each in find_blocks() if " migrate rapport restore " in each.text]
    (line,) = re.findall(r"^docker compose run (.*)$", block.replace("\\\n", " "), re.MULTILINE)
    words = shlex.split(line)
    place = words.index("migrate")
    options, command = words[:place], words[place + 1 :]
    mounted = [each.split(":")[1] for each in options if each.endswith(":ro")]
    assert [word for word in command if word.startswith("/")] == [f"{mounted[0]}/FILE", mounted[1]]
    passed = {options[at + 1] for at, word in enumerate(options) if word == "--env"}
    assert passed == {"RAPPORT_SECRET_KEYS", "RAPPORT_NOTICE_KEYS"}
    assert passed <= set(re.findall(r"^(\w+)=", ENVIRONMENT.read_text(), re.MULTILINE))
    folders = {volume.split(":")[1] for volume in SERVICES["migrate"]["volumes"]}
    assert re.findall(r"RAPPORT_EVIDENCE_DIR=(\S+)", DOCKERFILE.read_text()) == list(folders)


def test_redis_keeps_what_it_is_told() -> None:
    lines = FILE["configs"]["redis"]["content"].splitlines()
    assert {"appendonly yes", "maxmemory-policy noeviction"} <= set(lines)
    assert any(line.startswith("requirepass ") for line in lines)


def test_redis_refuses_writes_before_its_container_is_killed() -> None:
    most = re.search(r"^maxmemory (\d+)mb$", FILE["configs"]["redis"]["content"], re.MULTILINE)
    limit = re.fullmatch(r"(\d+)m", SERVICES["redis"]["mem_limit"])
    assert most
    assert limit
    assert int(most[1]) * 2 < int(limit[1])


def may_reach(one: str, other: str) -> bool:
    return bool(NEIGHBOURS[one] & NEIGHBOURS[other])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_reaches_the_servers_whose_address_it_is_given_and_no_others(name: str) -> None:
    given = SERVICES[name].get("environment", {}).keys()
    if name not in SERVERS:
        assert may_reach(name, "postgres") == ("DATABASE_URL" in given)
        assert may_reach(name, "redis") == ("REDIS_URL" in given)


def test_only_browsers_reach_the_practice_network_and_it_reaches_nothing_else() -> None:
    assert {name for name in SERVICES if may_reach(name, "sandbox")} == {"sandbox", "worker-browser"}
    assert NEIGHBOURS["sandbox"] == {"practice"}


def test_servers_have_no_way_out_of_the_machine() -> None:
    networks = {name: settings or {} for name, settings in FILE["networks"].items()}
    for name in (*SERVERS, "sandbox", "beat", "migrate"):
        assert all(networks[network].get("internal") for network in NEIGHBOURS[name]), name
    for name, service in SERVICES.items():
        if "ports" in service:  # a published port needs a network with a way out
            assert any(not networks[network].get("internal") for network in NEIGHBOURS[name]), name


def test_prometheus_reaches_what_it_asks() -> None:
    text = (ROOT / "ops/monitoring/prometheus/prometheus.yml").read_text()
    for asked in re.findall(r'^\s*- targets: \["(\w+):\d+"\]', text, re.MULTILINE):
        assert may_reach("prometheus", asked), asked


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nobody_takes_more_than_its_share(name: str) -> None:
    assert {"mem_limit", "cpus", "pids_limit"} <= SERVICES[name].keys()
    assert "no-new-privileges:true" in SERVICES[name]["security_opt"]


@pytest.mark.parametrize("name", OURS)
def test_ours_write_only_their_volumes_and_memory(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert [each.split(":")[0] for each in SERVICES[name]["tmpfs"]] == ["/tmp", "/home/rapport"]
    assert "configs" not in SERVICES[name]  # Compose can't copy them into a read-only container
    folders = {volume.split(":")[1] for volume in SERVICES[name].get("volumes", [])}
    settings = dict(re.findall(r"(RAPPORT_\w+_DIR)=(\S+)", DOCKERFILE.read_text()))
    written = {"api": {"METRICS", "UPLOAD"}, "worker-browser": {"METRICS", "EVIDENCE"}}.get(name, set())
    assert {settings[f"RAPPORT_{each}_DIR"] for each in written} <= folders


def test_every_image_is_pinned_by_digest() -> None:
    used = {SERVICES[name]["image"] for name in SERVICES} - {"rapport:local"}
    used |= set(re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE))
    assert len(used) == 6
    for image in used:
        assert re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image), image


def test_the_monitoring_is_a_profile_of_its_own() -> None:
    assert MONITORING == ["alertmanager", "grafana", "prometheus"]
    assert not any(SERVICES[name].get("depends_on", {}).keys() & set(MONITORING) for name in SERVICES)


@pytest.mark.parametrize("name", MONITORING)
def test_the_monitoring_writes_only_its_data_and_takes_no_more_than_its_share(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()
    assert not {"privileged", "user", "network_mode"} & service.keys()
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == [
        next(volume for volume in service["volumes"] if volume.startswith(f"{name}:"))
    ]


@pytest.mark.parametrize("name", MONITORING)
def test_the_monitoring_is_given_files_that_exist(name: str) -> None:
    for volume in SERVICES[name]["volumes"]:
        if volume.startswith("./"):
            source, target, _ = volume.split(":")
            assert (ROOT / source).is_dir()
            for used in re.findall(rf"{target}/\S+\.\w+", str(SERVICES[name])):
                assert (ROOT / used.strip("'\",").replace(target, source)).is_file(), used


def test_the_monitoring_has_the_secrets_that_its_files_name_and_no_others() -> None:
    environment = {name: SERVICES[name]["environment"] for name in MONITORING}
    secrets = {variable_name(field) for field in SECRET_FIELDS}
    assert {name: given.keys() & secrets for name, given in environment.items()} == {
        "alertmanager": set(), "grafana": set(), "prometheus": {"RAPPORT_API_KEY"},
    }  # fmt: skip
    for name in ("prometheus", "alertmanager"):
        text = (ROOT / f"ops/monitoring/{name}/{name}.yml").read_text()
        command = " ".join(SERVICES[name]["command"])
        assert set(re.findall(r"/run/secrets/\w+", text)) == set(re.findall(r"/run/secrets/\w+", command))
        assert SERVICES[name]["tmpfs"][0].startswith("/run/secrets:")
    grafana = environment["grafana"]
    assert grafana["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_PASSWORD:?")
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_what_the_image_copies_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {
        "requirements-production.lock",
        "requirements-run.lock",
        "pyproject.toml",
        "celeryconfig.py",
        "api_stub",
        "tasks",
        "db",
        "worker",
    } <= kept
    assert "ops/health.py" in kept
    assert all((ROOT / path).exists() for path in kept)
