"""Rapport's processes, and the secrets that each of them is given."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from worker.errors import ConfigurationError
from worker.settings import SECRET_FIELDS, Settings, get_settings, variable_name
from worker.tracing.spans import check_installed


class Process(StrEnum):
    """A command of `rapport` that runs as its own process."""

    BROWSER_WORKER = "worker browser"
    CONTROL_WORKER = "worker control"
    BEAT = "beat"
    NOTIFIER = "notifier"
    API = "api"
    METRICS = "metrics"
    FLOWER = "flower"
    MIGRATE = "migrate"
    SANDBOX = "sandbox"
    SIGN_IN = "account sign-in"
    MCP = "mcp"


SECRETS_OF_PROCESS: Final[Mapping[Process, frozenset[str]]] = {
    Process.BROWSER_WORKER: frozenset({"database_url", "redis_url", "secret_keys"}),
    Process.CONTROL_WORKER: frozenset({"database_url", "redis_url"}),
    Process.BEAT: frozenset({"redis_url"}),
    Process.NOTIFIER: frozenset({"database_url", "redis_url", "notice_keys"}),
    Process.API: frozenset({"database_url", "redis_url", "api_key", "console_keys"}),
    Process.METRICS: frozenset({"api_key"}),
    Process.FLOWER: frozenset({"redis_url", "flower_auth"}),
    Process.MIGRATE: frozenset({"database_url"}),
    Process.SANDBOX: frozenset({"sandbox_key"}),
    Process.SIGN_IN: frozenset({"database_url", "redis_url", "secret_keys"}),
    Process.MCP: frozenset({"mcp_key"}),
}
"""The fields of Settings that hold each process's secrets."""

TRACED: Final = frozenset({Process.BROWSER_WORKER, Process.CONTROL_WORKER, Process.API})
"""The processes that send traces."""

_OPTIONAL: Final = frozenset({"api_key", "console_keys", "mcp_key"})
"""Without them the HTTP server starts, but refuses every request that needs a key or the console. `mcp`
needs none over HTTP: each request brings its own."""


def load_settings(process: Process) -> Settings:
    """Return the settings for a process that starts.

    Raises ConfigurationError that names the invalid settings, or the required ones that are not set, or says
    that traces need an extra.
    """
    settings = get_settings()
    needed = SECRETS_OF_PROCESS[process] - _OPTIONAL
    unset = [name for name in SECRET_FIELDS if name in needed and getattr(settings, name) is None]
    missing = [variable_name(name) for name in unset]
    if missing:
        raise ConfigurationError(
            f"`rapport {process}` needs {' and '.join(missing)}, not set here; see docs/configuration.md"
        )
    if settings.traces and process in TRACED:
        check_installed()
    return settings


def unused_secret_variables(process: Process | None) -> frozenset[str]:
    """Return the environment variables of the secrets that this process doesn't use; for None, of all."""
    used = SECRETS_OF_PROCESS[process] if process is not None else frozenset()
    return frozenset(variable_name(name) for name in SECRET_FIELDS if name not in used)
