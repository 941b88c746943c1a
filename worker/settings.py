"""Settings: the only module that reads the environment, into one frozen, validated object.

Every variable begins with RAPPORT_, except DATABASE_URL and REDIS_URL, which hosting platforms set.
"""

import os
import re
from collections.abc import Collection
from contextlib import suppress
from datetime import time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker import postgres_address, redis_address
from worker.errors import ConfigurationError
from worker.redis_address import RedisAddress
from worker.rules.console.signing_keys import parse_signing_keys
from worker.rules.log_levels import parse_log_levels
from worker.secret_files import file_variable, read_secret_files
from worker.server_address import check_hosts, check_networks, check_public_url, check_site_url, is_loopback

_LEAST_KEY_LENGTH: Final = 16
"""Characters: too many to be guessed over the network. ops/example.env generates 48."""
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


def _from_seconds(given: object) -> object:
    """Read plain numbers as seconds. Pydantic reads text only as ISO 8601 (PT15S)."""
    if isinstance(given, str):
        with suppress(ValueError):
            return float(given)
    return given


_LONGEST = timedelta(days=1)
"""Longer than any useful wait, and short enough to be added to any instant."""


def _check_key(given: SecretStr) -> SecretStr:
    """Refuse a key that is too short, or that an HTTP header or Flower's list of users can't hold."""
    if len(given) < _LEAST_KEY_LENGTH or not re.fullmatch(r"[!-~]+", given.get_secret_value()):
        raise ValueError(
            f"must have at least {_LEAST_KEY_LENGTH} characters, ASCII and without spaces; "
            'python3 -c "import secrets; print(secrets.token_hex(24))" prints a good one'
        )
    return given


def _user_and_password(given: SecretStr) -> SecretStr:
    user, _, password = given.get_secret_value().partition(":")
    if not re.fullmatch(r"[!-~]+", user) or "," in given.get_secret_value():
        raise ValueError("must be user:password, with no comma in it")
    _check_key(SecretStr(password))
    return given


def _postgres(given: SecretStr) -> SecretStr:
    postgres_address.check(given.get_secret_value())
    return given


def _loopback(given: str) -> str:
    check_site_url(given)
    if not is_loopback(urlsplit(given).hostname or ""):
        raise ValueError(
            "must be an address of this machine: it is for tests with copies of the site's pages"
        )
    return given


def _site(given: str) -> str:
    check_site_url(given)
    return given


def _public(given: str) -> str:
    check_public_url(given)
    return given.rstrip("/")


def _signing_keys(given: SecretStr) -> SecretStr:
    parse_signing_keys(given.get_secret_value())
    return given


def _hosts(given: str) -> str:
    check_hosts(given)
    return given


def _networks(given: str) -> str:
    check_networks(given)
    return given


def _log_levels(given: str) -> str:
    parse_log_levels(given)
    return given


Key = Annotated[SecretStr, AfterValidator(_check_key)]
Seconds = Annotated[timedelta, BeforeValidator(_from_seconds), Field(gt=timedelta(0), le=_LONGEST)]
Pause = Annotated[timedelta, BeforeValidator(_from_seconds), Field(ge=timedelta(0), le=_LONGEST)]


class Settings(BaseSettings):
    """The settings of a process. Durations are given in seconds and stored as timedeltas.

    A process is given only the secrets that it uses (worker/processes.py), so any of them may be unset.
    """

    model_config = SettingsConfigDict(
        env_prefix="RAPPORT_", env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: Annotated[SecretStr, AfterValidator(_postgres)] | None = Field(
        None, validation_alias="DATABASE_URL"
    )
    redis_tls_unverified: Literal["i-know-what-this-risks"] | None = Field(
        None, description="Lets REDIS_URL turn off the check of the server's certificate or name."
    )
    redis_url: SecretStr | None = Field(None, validation_alias="REDIS_URL")
    secret_keys: SecretStr | None = Field(
        None, description="Fernet keys, comma separated; the first encrypts, all decrypt (rotation)."
    )
    notice_keys: SecretStr | None = Field(
        None, description="The same for where notices are sent; keys of their own."
    )
    console: bool = Field(True, description="Serve the console; off, its addresses answer 404.")
    console_keys: Annotated[SecretStr, AfterValidator(_signing_keys)] | None = Field(
        None, description="Fernet keys that sign the console's cookies; the first signs, all verify."
    )
    api_key: Key | None = Field(None, description="What X-API-Key must hold; unset, the API refuses.")

    mcp_key: Key | None = Field(None, description="The key of the HTTP API that `rapport mcp` uses.")
    mcp_url: Annotated[str, AfterValidator(_public)] = Field(
        "http://127.0.0.1:7710", description="The HTTP API that `rapport mcp` asks."
    )
    flower_auth: Annotated[SecretStr, AfterValidator(_user_and_password)] | None = Field(
        None, description="user:password; Flower doesn't start without it."
    )
    public_url: Annotated[str, AfterValidator(_public)] | None = Field(
        None, description="Where people reach the HTTP API; unset, no links to approve with are made."
    )
    flower_url: Annotated[str, AfterValidator(_public)] | None = Field(
        None, description="Where people open Flower; the console links to it."
    )
    grafana_url: Annotated[str, AfterValidator(_public)] | None = Field(
        None, description="Where people open Grafana; the console links to it."
    )
    allowed_hosts: Annotated[str, AfterValidator(_hosts)] | None = Field(
        None, description="Host names that requests may be for, comma separated; unset: of `public_url`."
    )
    trusted_proxies: Annotated[str, AfterValidator(_networks)] | None = Field(
        None, description="Networks of proxies whose X-Forwarded-For is believed, comma separated."
    )
    open_metrics: bool = Field(False, description="Let /metrics be read without the key; loopback only.")
    metrics_account_labels: bool = Field(False, description="Show each account's quota in /metrics, by name.")

    sandbox_url: Annotated[str, AfterValidator(_site)] | None = Field(
        None, description="Address of the practice network."
    )
    sandbox_key: Key | None = Field(None, description="Lets tests and the demo steer that network.")
    linkedin_url: Annotated[str, AfterValidator(_loopback)] | None = Field(
        None, description="For tests only: copies of LinkedIn's pages on this machine."
    )
    chromium: Path | None = Field(None, description="A Chromium to use instead of Playwright's own.")
    headless: bool = True
    browser_timeout: Seconds = Field(
        timedelta(seconds=15), description="The longest wait for anything on a page."
    )
    evidence_dir: Path = Field(Path(".rapport/evidence"), description="Screenshots and traces, by day.")
    evidence_days: int = Field(14, ge=1, le=365, description="How long evidence is kept.")
    upload_dir: Path = Field(
        Path(".rapport/uploads"),
        description="Files that are sent to be imported, for at most an hour.",
    )
    browser_traces: bool = Field(True, description="Keep a masked Playwright trace of an action that failed.")

    action_time_limit: Seconds = Field(
        timedelta(seconds=180), description="A child that works longer on one action is killed."
    )
    dispatch_every: Seconds = timedelta(seconds=5)
    settle_time: Pause = Field(
        timedelta(seconds=60), description="How late the site may show a message that it accepted."
    )

    notify_every: Seconds = Field(
        timedelta(seconds=10), description="How often the notifier looks for notices to send."
    )

    digest_at: time = Field(
        time(7), description="When the morning's digest is due, in each account's zone: 07:00."
    )
    summary_at: time = Field(
        time(20), description="When the evening's summary is due, in each account's zone: 20:00."
    )

    log_format: Literal["json", "pretty"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_levels: Annotated[str, AfterValidator(_log_levels)] | None = Field(
        None, description="Levels of single modules, as tasks=DEBUG,db=WARNING."
    )
    traces: bool = Field(False, description="Send traces to the OpenTelemetry collector at `otlp_endpoint`.")
    otlp_endpoint: str = Field("http://localhost:4318", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    metrics_dir: Path | None = Field(None, description="Where each process leaves its metric files.")

    lease: Seconds = Field(
        timedelta(seconds=60),
        description="A worker that is silent for this long loses its action. Renewed every quarter of it.",
    )
    ledger_dir: Path | None = Field(None, description="For benches and fault tests: the site without pages.")
    fault_file: Path | None = Field(None, description="For fault tests only: see worker/failpoint.py.")

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
