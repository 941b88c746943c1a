"""The sole reader of the environment: one frozen, checked object.

Every variable begins with RAPPORT_, but for DATABASE_URL and REDIS_URL, which hosting platforms set.
"""

import os
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker.errors import ConfigurationError

STACK_MARK: Final = "STACK_OF_RAPPORT"
"""A variable by which the stack finds again what it started: the path of its data folder."""

_FOR_BROWSERS: Final = frozenset(
    {
        "PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "FONTCONFIG_FILE", "FONTCONFIG_PATH",
        "XDG_CACHE_HOME", "PLAYWRIGHT_BROWSERS_PATH",  # where Playwright keeps its own Chromium
        STACK_MARK,
    }
)  # fmt: skip
_FOR_WINDOWS: Final = frozenset({"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR"})


def _from_seconds(given: object) -> object:
    """Read plain numbers as seconds; Pydantic reads text as ISO 8601 only (PT15S)."""
    if isinstance(given, str):
        with suppress(ValueError):
            return float(given)
    return given


Seconds = Annotated[timedelta, BeforeValidator(_from_seconds), Field(gt=timedelta(0))]
Pause = Annotated[timedelta, BeforeValidator(_from_seconds), Field(ge=timedelta(0))]


class Settings(BaseSettings):
    """What a process of ours needs to know. Durations are seconds where they come in, timedeltas inside."""

    model_config = SettingsConfigDict(
        env_prefix="RAPPORT_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: SecretStr = Field(validation_alias="DATABASE_URL")
    redis_url: SecretStr = Field(validation_alias="REDIS_URL")
    secret_keys: SecretStr = Field(
        description="Fernet keys, comma separated; the first encrypts, all decrypt (rotation)."
    )
    api_key: SecretStr | None = Field(None, description="What X-API-Key must hold; unset, the API refuses.")

    flower_auth: SecretStr | None = Field(None, description="user:password; Flower starts with no less.")
    open_metrics: bool = Field(False, description="Let /metrics be read without the key; loopback only.")

    sandbox_url: str | None = Field(None, description="Address of the practice network.")
    sandbox_key: SecretStr | None = Field(None, description="Lets tests and the demo steer that network.")
    chromium: Path | None = Field(None, description="A Chromium to use instead of Playwright's own.")
    headless: bool = True
    browser_timeout: Seconds = Field(timedelta(seconds=15), description="Bound of every wait in a page.")
    evidence_dir: Path = Field(Path(".rapport/evidence"), description="Screenshots, by day.")
    evidence_days: int = Field(14, ge=1, le=365, description="How long evidence is kept.")

    action_time_limit: Seconds = Field(
        timedelta(seconds=180), description="A child that works longer on one action is killed."
    )
    dispatch_every: Seconds = timedelta(seconds=5)
    settle_time: Pause = Field(
        timedelta(seconds=60), description="How late the site may show a message that it took."
    )

    log_format: Literal["json", "pretty"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    metrics_dir: Path | None = Field(None, description="Where each process leaves its metric files.")

    lease: Seconds = Field(
        timedelta(seconds=60),
        description="A worker silent for so long has lost its action. Beaten every quarter.",
    )
    ledger_dir: Path | None = Field(None, description="For benches and fault tests: the site without pages.")
    fault_file: Path | None = Field(None, description="For fault tests only: see worker/failpoint.py.")

    @model_validator(mode="after")
    def _lease_outlasts_a_click(self) -> Self:
        if self.lease < self.click_needs + timedelta(seconds=5):
            raise ValueError("RAPPORT_LEASE must be at least 10 s longer than RAPPORT_BROWSER_TIMEOUT")
        return self

    @property
    def click_needs(self) -> timedelta:
        """How much of a lease must be left before a click: the browser may wait so long for the button."""
        return self.browser_timeout + timedelta(seconds=5)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once.

    Raises ConfigurationError with the names of the variables that are missing or wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(_variable(e["loc"]) + e["msg"] for e in error.errors())
        raise ConfigurationError(
            f"settings are incomplete: {problems}. `rapport up` sets them all; see docs/configuration.md."
        ) from None


def _variable(location: tuple[int | str, ...]) -> str:
    if not location:  # a rule about several of them names them itself
        return ""
    name = str(location[0]).upper()
    ours = name if name in {"DATABASE_URL", "REDIS_URL"} else f"RAPPORT_{name.removeprefix('RAPPORT_')}"
    return f"{ours}: "


def browser_environment(*, headless: bool) -> dict[str, str]:
    """Return what a browser sees of our environment. An allow-list: our own variables hold secrets."""
    wanted = _FOR_BROWSERS if headless else _FOR_BROWSERS | _FOR_WINDOWS
    return {name: value for name, value in os.environ.items() if name in wanted or name.startswith("LC_")}
