"""A wrong address or a weak key ends each process with one line that doesn't show the value."""

import subprocess
import sys
from itertools import product

import pytest
from cryptography.fernet import Fernet
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from api_stub.cli.stack import doctor, processes
from api_stub.stack.environment import inherited_environment, set_environment
from db.engine import Database
from tests.cli.conftest import Rapport
from worker.errors import ConfigurationError
from worker.processes import _OPTIONAL, SECRETS_OF_PROCESS, Process
from worker.settings import SECRET_FIELDS, get_settings, variable_name

WRONG = {
    "DATABASE_URL": "postgresql://u:c4n@ry@127.0.0.1:1/x",
    "REDIS_URL": "rediss://:c4nary@127.0.0.1:1/0?ssl_cert_reqs=none",
    "RAPPORT_API_KEY": "c4nary",
    "RAPPORT_FLOWER_AUTH": "me:c4nary",
    "RAPPORT_SANDBOX_KEY": "c4nary",
    "RAPPORT_SANDBOX_URL": "http://me:c4nary@127.0.0.1:1",
}
COMMANDS = (
    *(f"{process} demo" if process is Process.SIGN_IN else str(process) for process in Process),
    "account list", "campaign list", "why demo", "quota show demo", "stop-everything", "summary demo", "demo",
)  # fmt: skip
LACKS = (
    *(
        (process, variable_name(name))
        for process in Process
        if process is not Process.SIGN_IN  # it can find the servers of a running stack by itself
        for name in SECRETS_OF_PROCESS[process] - _OPTIONAL
    ),
    (Process.MCP, "RAPPORT_MCP_KEY"),  # optional over HTTP only
)
"""Each process with each secret that it needs."""


def test_every_command_says_in_one_line_which_variable_is_wrong(
    rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    for command, name in product(COMMANDS, WRONG):
        with environment.context() as wrong:
            wrong.setenv(name, WRONG[name])
            said = rapport.refused(*command.split())
        assert said.startswith(f"wrong settings: {name}: "), command
        assert "\n" not in said, command
        assert "c4n" not in said, command


@pytest.fixture
def every_secret(environment: pytest.MonkeyPatch) -> None:
    """Set those that the environment doesn't have yet."""
    secrets = {variable_name(name) for name in SECRET_FIELDS}
    for name in secrets - inherited_environment(also=secrets).keys():
        environment.setenv(name, "me:a-long-enough-secret")
    environment.setenv("RAPPORT_CONSOLE_KEYS", Fernet.generate_key().decode())


@pytest.mark.usefixtures("every_secret")
def test_every_process_says_in_one_line_what_it_lacks(
    rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    for process, lacks in LACKS:
        with environment.context() as without:
            without.delenv(lacks)
            said = rapport.refused(*process.split())
        assert said.startswith(f"`rapport {process}` needs {lacks}, not set here")


def test_what_serves_only_metrics_needs_their_folder(
    rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    for name in map(variable_name, SECRET_FIELDS):
        environment.delenv(name, raising=False)
    assert rapport.refused(Process.METRICS).startswith("RAPPORT_METRICS_DIR is not set")


@pytest.mark.usefixtures("every_secret")
def test_a_process_starts_again_without_the_secrets_of_others(
    rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    secrets = {variable_name(name) for name in SECRET_FIELDS}

    def execute(*_: object) -> None:
        seen.append(secrets & inherited_environment(also=secrets).keys())
        raise SystemExit(0)

    environment.setattr("os.execv", execute)
    environment.setattr("worker.metrics.living._service", "command")  # each program names its own
    everything = inherited_environment(also=secrets)
    programs = [p for p in Process if p not in {Process.MIGRATE, Process.SIGN_IN}]
    for process in programs:
        set_environment(everything)
        assert rapport(*process.split()) == ""
    assert seen == [{variable_name(name) for name in SECRETS_OF_PROCESS[process]} for process in programs]


@pytest.mark.parametrize("process", [Process.CONTROL_WORKER, Process.NOTIFIER])
def test_a_process_that_acts_refuses_tables_that_do_not_fit(
    rapport: Rapport, environment: pytest.MonkeyPatch, database: Database, process: Process
) -> None:
    environment.setattr("worker.metrics.living._service", "command")  # each program names its own
    for name in map(variable_name, SECRET_FIELDS):
        if name not in map(variable_name, SECRETS_OF_PROCESS[process]):
            environment.delenv(name, raising=False)
    for place, remedy in (
        ("version_num = '0050'", "run `rapport migrate`"),
        ("version_num = '9999', serves_from = '9999'", "start the newer version whose tables these are"),
    ):
        with database.transaction() as session:
            session.execute(text(f"update alembic_version set {place}"))
        said = rapport.refused(*process.split())
        assert said == f"the tables in Postgres don't fit this version of Rapport: {remedy}"


def test_tables_without_their_rights_are_not_migrated_yet(environment: pytest.MonkeyPatch) -> None:
    def refuse(_engine: object) -> None:
        raise ProgrammingError("select", None, InsufficientPrivilege())

    environment.setattr("db.migrate.find_remedy", refuse)
    with pytest.raises(ConfigurationError, match="run `rapport migrate`"):
        processes._require_fitting_tables()


def test_a_worker_starts_though_postgres_does_not_answer(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgresql://u:p@127.0.0.1:1/x")
    get_settings.cache_clear()
    processes._require_fitting_tables()


@pytest.mark.parametrize("command", ["migrate", "account list"])
def test_a_server_that_does_not_let_us_in_is_one_line(
    rapport: Rapport, environment: pytest.MonkeyPatch, database_url: str, command: str
) -> None:
    user, _, server = database_url.rpartition("@")
    environment.setenv("DATABASE_URL", f"{user.rpartition(':')[0]}:c4nary@{server}")
    said = rapport.refused(*command.split(), exit_code=3)
    assert said.startswith("Postgres did not answer (OperationalError)")
    assert "c4n" not in said


def test_a_real_process_ends_so_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api_stub.cli", "beat"],
        env={**inherited_environment(), "REDIS_URL": "redis://:c4n@ry@127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("rapport: wrong settings: REDIS_URL: ")
    assert (done.stderr.count("\n"), "c4n" in done.stderr) == (1, False)


def test_the_doctor_names_the_variable_and_looks_no_further(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REDIS_URL", "redis://:c4n@ry@127.0.0.1:1/0")
    get_settings.cache_clear()
    finding = doctor._check_settings()
    assert not finding.ok
    assert "REDIS_URL" in finding.detail
    assert "c4n" not in repr(finding)
