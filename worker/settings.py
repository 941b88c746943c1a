"""Settings: the only module that reads the environment, into one frozen, validated object.

Every variable begins with RAPPORT_, except DATABASE_URL and REDIS_URL, which hosting platforms set.
"""

import os
from collections.abc import Collection
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final, Self
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError, ValidationInfo, field_validator, model_validator

from worker.errors import ConfigurationError
from worker.secret_files import file_variable, read_secret_files
from worker.servers import redis_address
from worker.servers.redis_address import RedisAddress
from worker.setting_fields import SettingFields

_OVERRIDING: Final = ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL")
"""Celery reads these itself, and they override its settings."""

STACK_MARK_VARIABLE: Final = "STACK_OF_RAPPORT"
"""A variable that marks the processes which a stack started; its value is the stack's data folder."""
STACK_SERVICE_VARIABLE: Final = "STACK_SERVICE_OF_RAPPORT"
"""A second one. Its value is the name of the service, whose browsers have it too."""

_FOR_BROWSERS: Final = frozenset(
    {
        "PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "FONTCONFIG_FILE", "FONTCONFIG_PATH",
        "XDG_CACHE_HOME", "PLAYWRIGHT_BROWSERS_PATH",  # where Playwright installs Chromium
        STACK_MARK_VARIABLE, STACK_SERVICE_VARIABLE,
    }
)  # fmt: skip
_FOR_SENDERS: Final = frozenset(
    {
        "PATH", "HOME", "LANG", "TZ", "TMPDIR", "PYTHONPATH",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
        "http_proxy", "https_proxy", "all_proxy", "no_proxy",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
        STACK_MARK_VARIABLE, STACK_SERVICE_VARIABLE,
    }
)  # fmt: skip
_FOR_WINDOWS: Final = frozenset({"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR"})


class Settings(SettingFields):
    """The settings of a process. Durations are given in seconds and stored as timedeltas.

    A process is given only the secrets that it uses (worker/processes.py), so any of them may be unset.
    """

    @field_validator("redis_url")
    @classmethod
    def _redis_can_be_reached_safely(cls, given: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if given is not None:
            may_be_unverified = info.data.get("redis_tls_unverified") is not None
            redis_address.parse(given.get_secret_value(), may_be_unverified=may_be_unverified)
        return given

    @model_validator(mode="after")
    def _nothing_overrides_redis_url(self) -> Self:
        for name in _OVERRIDING:
            if os.environ.get(name):
                raise ValueError(f"{name} is set, and Celery would use it in place of REDIS_URL: unset it")
        return self

    @model_validator(mode="after")
    def _lease_outlasts_a_click(self) -> Self:
        if self.lease < self.click_lease_margin + timedelta(seconds=5):
            raise ValueError("RAPPORT_LEASE must be at least 10 s longer than RAPPORT_BROWSER_TIMEOUT")
        return self

    @model_validator(mode="after")
    def _collector_has_an_address(self) -> Self:
        address = urlsplit(self.otlp_endpoint)
        is_valid = address.scheme in {"http", "https"} and address.hostname and "@" not in address.netloc
        if self.traces and not is_valid:
            raise ValueError(
                f"{variable_name('otlp_endpoint')}: must be http:// or https:// with a host, "
                "and without a user or password"
            )
        return self

    @property
    def redis(self) -> RedisAddress:
        """The address of Redis. Raises ConfigurationError if REDIS_URL is not set."""
        url = self.required("redis_url").get_secret_value()
        return redis_address.parse(url, may_be_unverified=self.redis_tls_unverified is not None)

    def required(self, name: str) -> SecretStr:
        """Return the secret of this field. Raises ConfigurationError, with its variable, if it is unset."""
        value: SecretStr | None = getattr(self, name)
        if value is None:
            raise ConfigurationError(f"{variable_name(name)} is not set; see docs/configuration.md")
        return value

    @property
    def click_lease_margin(self) -> timedelta:
        """How much of a lease must be left before a click, since the browser may wait for the button."""
        return self.browser_timeout + timedelta(seconds=5)


def variable_name(name: str) -> str:
    """Return the environment variable of a field of Settings."""
    return str(Settings.model_fields[name].validation_alias or f"RAPPORT_{name.upper()}")


def missing_for_site(name: str) -> ConfigurationError:
    """Return the error that an adapter raises if its site needs this field of Settings and it is unset."""
    return ConfigurationError(f"{variable_name(name)} is not set, but an account's site needs it")


SECRET_FIELDS: Final = (
    "database_url", "redis_url", "secret_keys", "notice_keys", "console_keys", "api_key", "flower_auth",
    "sandbox_key", "mcp_key",
)  # fmt: skip
"""The fields that hold secrets."""

SECRET_VARIABLES: Final = tuple(variable_name(name) for name in SECRET_FIELDS)
"""The variables of these fields. Each may be given as a file instead; see worker/secret_files.py."""


def with_files(variables: Collection[str]) -> frozenset[str]:
    """Return the variables of these secrets and those of their files."""
    return frozenset(variables) | {file_variable(name) for name in variables}


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, read once.

    Raises ConfigurationError with the names of the invalid variables, without their values.
    """
    try:
        return Settings(**_read_secret_files())
    except ValidationError as error:
        problems = [_variable(e["loc"]) + e["msg"].removeprefix("Value error, ") for e in error.errors()]
    except ValueError as error:
        problems = [str(error)]
    # Raised outside the handler: inside it, the ValidationError with the values would become its context.
    raise ConfigurationError(f"wrong settings: {'; '.join(problems)}. See docs/configuration.md.")


def _read_secret_files() -> dict[str, Any]:
    """Return the secrets that are given as files, as arguments of Settings. Raises ValueError."""
    found = read_secret_files(os.environ, SECRET_VARIABLES)
    return {
        name.lower().removeprefix("rapport_") if name.startswith("RAPPORT_") else name: value
        for name, value in found.items()
    }


def _variable(location: tuple[int | str, ...]) -> str:
    if not location:  # a validator of several fields names them itself
        return ""
    name = str(location[0]).lower().removeprefix("rapport_")
    return f"{variable_name(name) if name in Settings.model_fields else name.upper()}: "


def browser_environment(*, headless: bool) -> dict[str, str]:
    """Return the environment for a browser. It is an allow-list, because Rapport's variables hold secrets."""
    wanted = _FOR_BROWSERS if headless else _FOR_BROWSERS | _FOR_WINDOWS
    return {name: value for name, value in os.environ.items() if name in wanted or name.startswith("LC_")}


def sender_environment() -> dict[str, str]:
    """Return the environment for a child that sends notices: an allow-list, as for browsers.

    The libraries of some services read another variable than SSL_CERT_FILE.
    """
    given = {name: value for name, value in os.environ.items() if name in _FOR_SENDERS}
    if "SSL_CERT_FILE" in given:
        given.setdefault("REQUESTS_CA_BUNDLE", given["SSL_CERT_FILE"])
    return given
