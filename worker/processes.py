"""Our processes and the secrets each of them uses. A process is given these and no others."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from worker.errors import ConfigurationError
from worker.settings import SECRETS, Settings, get_settings, variable_name


class Process(StrEnum):
    """A command of `rapport` that runs as a process of its own."""

    BROWSER_WORKER = "worker browser"
    CONTROL_WORKER = "worker control"
    BEAT = "beat"
    API = "api"
    FLOWER = "flower"
    MIGRATE = "migrate"
    SANDBOX = "sandbox"
    SIGN_IN = "account sign-in"


SECRETS_OF_PROCESS: Final[Mapping[Process, frozenset[str]]] = {
    Process.BROWSER_WORKER: frozenset({"database_url", "redis_url", "secret_keys"}),
    Process.CONTROL_WORKER: frozenset({"database_url", "redis_url"}),
    Process.BEAT: frozenset({"redis_url"}),
    Process.API: frozenset({"database_url", "redis_url", "api_key"}),
    Process.FLOWER: frozenset({"redis_url", "flower_auth"}),
    Process.MIGRATE: frozenset({"database_url"}),
    Process.SANDBOX: frozenset({"sandbox_key"}),
    Process.SIGN_IN: frozenset({"database_url", "secret_keys"}),
}
"""The fields of Settings."""

_OPTIONAL: Final = frozenset({"api_key"})
"""Without it the front door starts, and refuses whoever needs a key."""


def load_settings(process: Process) -> Settings:
    """Return the settings, at the start of a process.

    Raises ConfigurationError that names what is wrong, or everything that this process needs and lacks.
    """
    settings = get_settings()
    needed = SECRETS_OF_PROCESS[process] - _OPTIONAL
    missing = [variable_name(name) for name in SECRETS if name in needed and getattr(settings, name) is None]
    if missing:
        raise ConfigurationError(
            f"`rapport {process}` needs {' and '.join(missing)}, not set here; see docs/configuration.md"
        )
    return settings


def unused_secret_variables(process: Process | None) -> frozenset[str]:
    """Return the variables of the secrets that this process has no use for; all of them for None."""
    used = SECRETS_OF_PROCESS[process] if process is not None else frozenset()
    return frozenset(variable_name(name) for name in SECRETS if name not in used)
