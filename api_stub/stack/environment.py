"""The environment variables of child processes. The only module of the stack that reads os.environ."""

import os
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import SecretStr, TypeAdapter

from worker.secret_files import file_variable
from worker.settings import SECRET_VARIABLES, variable_name, with_files

# An allow-list: the terminal's environment also holds tokens of other programs.
_INHERITED_NAMES = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR",
        "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "PLAYWRIGHT_BROWSERS_PATH", "OTEL_EXPORTER_OTLP_ENDPOINT",
        "_RUN_TYPED_AS",  # notices name commands, too
    }
)  # fmt: skip
_INHERITED_PREFIXES = ("LC_", "RAPPORT_")
_SECRET_NAMES = with_files(SECRET_VARIABLES)


def inherited_environment(*, also: Collection[str] = ()) -> dict[str, str]:
    """Return the variables for programs, files, a display and the person's RAPPORT_ settings.

    Secrets are left out unless `also` names them, because Postgres and Redis get these variables too.
    """
    names = _INHERITED_NAMES.union(also)
    return {
        name: value
        for name, value in os.environ.items()
        if name in names or (name.startswith(_INHERITED_PREFIXES) and name not in _SECRET_NAMES)
    }


def read_typed_program() -> str | None:
    """Return how ./run was typed, if it started this process. Hints repeat it."""
    return os.environ.get("_RUN_TYPED_AS") or None


def is_completion() -> bool:
    """Return whether a shell asks for completions of the arguments, instead of running them."""
    return bool(os.environ.get("_RAPPORT_COMPLETE"))


def settings_environment(values: Mapping[str, Any]) -> dict[str, str]:
    """Convert settings by field name (`browser_timeout=timedelta(seconds=5)`) to environment variables.

    None leaves a setting at its default. Raises KeyError for a name that Settings doesn't have: a misspelt
    name would otherwise silently give a child the default.
    """
    variables = {}
    for name, value in values.items():
        variable = variable_name(name)
        if value is not None:
            variables[variable] = _as_text(value)
    return variables


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(TypeAdapter[object](type(value)).dump_python(value, mode="json"))


def set_environment(values: Mapping[str, str], *, override: bool = True) -> None:
    """Set variables of this process, before it reads its settings or executes another program.

    Without `override`, a secret that the environment gives as a file stays.
    """
    for name, value in values.items():
        if override or (name not in os.environ and file_variable(name) not in os.environ):
            os.environ[name] = value


def unset_environment(names: Collection[str]) -> bool:
    """Unset variables of this process; return whether any was set."""
    found = os.environ.keys() & set(names)
    for name in found:
        del os.environ[name]
    return bool(found)
