"""`rapport doctor`: check the installation and say what to do."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from api_stub.checks import servers
from api_stub.checks.browser_version import judge_browser, read_expected_version
from api_stub.checks.finding import Finding
from api_stub.checks.own_work import check_own_work, check_packages, check_python
from api_stub.checks.refusals import explain_postgres
from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, print_answer
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import create_table
from api_stub.cli.hints import as_typed
from api_stub.cli.stack.fonts import find_missing_scripts
from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.cli.terminal import Console
from api_stub.stack import environment_file
from api_stub.stack.environment import inherited_environment, set_environment
from api_stub.stack.errors import StackError
from api_stub.stack.lock import Purpose
from api_stub.stack.servers.ports import find_free_port, is_free
from api_stub.stack.services import Ports
from api_stub.stack.stack import Stack
from db.engine import Database
from worker.browser.chromium import find_chromium
from worker.browser.driver import start_driver
from worker.browser.pool import BrowserPool
from worker.errors import ConfigurationError, RapportError, RequestRefusedError
from worker.servers import redis_address
from worker.servers.redis_address import RedisAddress
from worker.settings import browser_environment, get_settings

_LONGEST_START_S: Final = 30.0


def doctor(as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """Check versions, browser, ports, database, Redis, migrations and workers, and say what is missing.

    It checks the servers of the environment, else those of a stack running on this data folder, else the
    embedded ones, which are started for the check and stopped again. Then workers are not checked.
    """
    with Console(stderr=True).status("checking"):
        findings = list(run_checks(data))
    missing = [finding.what for finding in findings if not finding.ok]
    if as_json:
        print_answer(findings)
        sys.exit(ExitCode.FOUND if missing else ExitCode.DONE)
    console = Console()
    table = create_table("what", "", "found", "what to do")
    for finding in findings:
        table.add_row(finding.what, _render_state(finding), finding.detail, as_typed(finding.advice))
    console.print(table)
    if missing:
        console.print(f"missing: {', '.join(missing)}", style="bold red")
        sys.exit(ExitCode.FOUND)
    console.print("nothing is missing", style="bold green")


def _render_state(finding: Finding) -> Text:
    if finding.is_warning:
        return Text("warning", "yellow")
    return Text("ok", "green") if finding.ok else Text("missing", "red")


def run_checks(data: Path) -> Iterator[Finding]:
    """Run all checks. A failure is a finding, never an exception."""
    yield check_python(sys.version_info[:3])
    yield check_packages()
    browser = _check_browser()
    yield browser
    if browser.ok:
        yield _check_browser_sandbox()
    yield _check_fonts()
    yield _check_ports()
    set_environment(environment_file.read_environment(data), override=False)
    settings = _check_settings()
    yield settings
    if settings.ok:
        yield from _check_servers(data)


def _check_browser() -> Finding:
    configured = inherited_environment().get("RAPPORT_CHROMIUM")
    try:
        path = Path(configured) if configured else _find_playwright_chromium() or find_chromium()
    except ConfigurationError as error:
        said, _, advice = str(error).partition("; ")
        return Finding("browser", False, said, advice)
    if path is None or not path.exists():
        advice = "run `.venv/bin/playwright install chromium`, or install your system's chromium package"
        return Finding("browser", False, f"{path or 'none found'}", advice)
    try:
        result = subprocess.run(
            [path, "--version"],
            env=browser_environment(headless=True), capture_output=True, text=True, check=False,
            timeout=_LONGEST_START_S,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Finding("browser", False, str(error)[:200], f"{path} does not run")
    if result.returncode != 0:
        return Finding("browser", False, result.stderr.strip()[:80] or result.stdout, f"{path} does not run")
    return judge_browser(result.stdout.strip(), read_expected_version())


def _check_browser_sandbox() -> Finding:
    """Start the browser to see whether its sandbox works."""
    configured = inherited_environment().get("RAPPORT_CHROMIUM")
    try:
        with BrowserPool(chromium=Path(configured) if configured else None) as browser_pool:
            missing = browser_pool.find_sandbox_obstacle()
    except (ConfigurationError, RapportError) as error:
        message = str(error).split("\n", 1)[0]
        advice = "libraries may be missing: run `.venv/bin/playwright install-deps chromium`"
        return Finding("browser's sandbox", False, f"the browser does not start: {message}", advice)
    if missing is None:
        return Finding("browser's sandbox", True, "on")
    what, _, to_do = missing.partition(": ")
    return Finding("browser's sandbox", True, f"off: {what}", to_do)


def _find_playwright_chromium() -> Path | None:
    playwright = start_driver(browser_environment(headless=True))
    path = Path(playwright.chromium.executable_path)
    playwright.stop()
    return path if path.exists() else None


def _check_fonts() -> Finding:
    try:
        missing = find_missing_scripts()
    except FileNotFoundError:
        advice = "install fontconfig, to see which fonts are missing"
        return Finding("fonts", True, "unknown: there is no fc-list", advice, is_warning=True)
    if not missing:
        return Finding("fonts", True, "for the letters of all scripts")
    packages = " ".join(dict.fromkeys(missing.values()))
    return Finding(
        "fonts",
        True,
        f"none for {', '.join(missing)}: screenshots show boxes for these letters",
        f"on Debian and Ubuntu: apt install {packages}",
        is_warning=True,
    )


def _check_ports() -> Finding:
    try:
        free = find_free_port()
    except OSError as error:
        return Finding(
            "ports", False, str(error), "this machine has no free loopback port, or forbids listening"
        )
    usual = f"{min(Ports)} to {max(Ports)}"
    taken = ", ".join(str(port) for port in Ports if not is_free(port))
    if taken:
        return Finding("ports", True, f"of {usual}, {taken} are in use; others, such as {free}, are free")
    return Finding("ports", True, f"{usual} are free")


def _check_settings() -> Finding:
    try:
        get_settings()
    except ConfigurationError as error:
        return Finding("settings", False, str(error), "correct the named variable, then run this again")
    return Finding("settings", True, "all variables are valid")


def _check_servers(data: Path) -> Iterator[Finding]:
    settings = get_settings()
    database_url = settings.database_url.get_secret_value() if settings.database_url else None
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    if database_url and redis_url:
        with _open(database_url) as database:
            yield from _check_given_servers(database, settings.redis)
            yield from _check_stored(database, settings.secret_keys, settings.notice_keys, is_running=True)
        yield servers.check_workers(settings.redis)
        return
    try:
        with (
            Stack(
                data,
                database_url=database_url,
                redis_url=redis_url,
                migrate=migrate_and_seed,
                purpose=Purpose.COMMAND,
            ) as stack,
            _open(stack.database_url) as database,
        ):
            redis_at = settings.redis if redis_url else redis_address.parse(stack.redis_url)
            yield from _check_given_servers(database, redis_at)
            yield from _check_stored(
                database,
                settings.secret_keys or stack.secrets.secret_key,
                settings.notice_keys or stack.secrets.notice_key,
                is_running=False,
            )
    except (StackError, RequestRefusedError) as error:
        yield Finding("embedded servers", False, str(error), "the log named in the message says more")
    except SQLAlchemyError as error:
        yield Finding("Postgres", False, *explain_postgres(error))


@contextmanager
def _open(database_url: str) -> Iterator[Database]:
    database = Database(database_url, application_name="rapport doctor")
    try:
        yield database
    finally:
        database.close()


def _check_given_servers(database: Database, redis_at: RedisAddress) -> Iterator[Finding]:
    yield servers.check_postgres(database)
    yield servers.check_tables(database)
    yield servers.check_redis(redis_at)


def _check_stored(
    database: Database, secret_keys: SecretStr | None, notice_keys: SecretStr | None, *, is_running: bool
) -> Iterator[Finding]:
    yield servers.check_secret_keys(secret_keys, database)
    yield servers.check_subscriptions(database)
    yield from check_own_work(database, is_running=is_running, notice_keys=notice_keys)
