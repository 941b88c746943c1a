"""The types of settings: what each may hold. docs/make_settings_table.py names them for people."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from worker.rules.console.signing_keys import parse_signing_keys
from worker.rules.log_levels import parse_log_levels
from worker.rules.wording.hints import CORRELATION_ID
from worker.servers import postgres_address
from worker.servers.server_address import (
    check_hosts,
    check_networks,
    check_public_url,
    check_site_url,
    is_loopback,
)

_LEAST_KEY_LENGTH: Final = 16
"""Characters: too many to be guessed over the network. ops/example.env generates 48."""
_LONGEST: Final = timedelta(days=1)
"""Longer than any useful wait, and short enough to be added to any instant."""


def _checked(check: Callable[[str], object]) -> AfterValidator:
    """Refuse a text for which the check raises ValueError."""

    def keep(given: str) -> str:
        check(given)
        return given

    return AfterValidator(keep)


def _checked_secret(check: Callable[[str], object]) -> AfterValidator:
    """Refuse a secret for which the check raises ValueError."""

    def keep(given: SecretStr) -> SecretStr:
        check(given.get_secret_value())
        return given

    return AfterValidator(keep)


def _from_seconds(given: object) -> object:
    """Read plain numbers as seconds. Pydantic reads text only as ISO 8601 (PT15S)."""
    if isinstance(given, str):
        with suppress(ValueError):
            return float(given)
    return given


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


def _loopback(given: str) -> str:
    check_site_url(given)
    if not is_loopback(urlsplit(given).hostname or ""):
        raise ValueError(
            "must be an address of this machine: it is for tests with copies of the site's pages"
        )
    return given


def _check_log_command(given: str) -> None:
    if not CORRELATION_ID.search(given) or not given.isprintable():
        raise ValueError("must be one line with ID where the correlation id belongs")


def _public(given: str) -> str:
    check_public_url(given)
    return given.rstrip("/")


RedisUrl = Annotated[SecretStr, "checked by Settings, which knows whether TLS may be unverified"]
FernetKeys = Annotated[SecretStr, "checked where they are used"]
Key = Annotated[SecretStr, AfterValidator(_check_key)]
SigningKeys = Annotated[SecretStr, _checked_secret(parse_signing_keys)]
UserAndPassword = Annotated[SecretStr, AfterValidator(_user_and_password)]
PostgresAddress = Annotated[SecretStr, _checked_secret(postgres_address.check)]
SiteUrl = Annotated[str, _checked(check_site_url)]
LoopbackUrl = Annotated[str, AfterValidator(_loopback)]
PublicUrl = Annotated[str, AfterValidator(_public)]
Hosts = Annotated[str, _checked(check_hosts)]
Networks = Annotated[str, _checked(check_networks)]
LogCommand = Annotated[str, _checked(_check_log_command)]
LogLevels = Annotated[str, _checked(parse_log_levels)]
Seconds = Annotated[timedelta, BeforeValidator(_from_seconds), Field(gt=timedelta(0), le=_LONGEST)]
Pause = Annotated[timedelta, BeforeValidator(_from_seconds), Field(ge=timedelta(0), le=_LONGEST)]
