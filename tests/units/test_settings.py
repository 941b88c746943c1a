from collections.abc import Iterator
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr, ValidationError

from worker.errors import ConfigurationError
from worker.processes import SECRETS_OF_PROCESS, Process, load_settings, unused_secret_variables
from worker.settings import SECRET_FIELDS, Settings, get_settings, variable_name


@pytest.fixture(autouse=True)
def _read_afresh() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


NEEDED = ("DATABASE_URL", "REDIS_URL", "RAPPORT_SECRET_KEYS")


def test_every_variable_that_a_process_lacks_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    for name in NEEDED:
        environment.setenv(name, "")  # as good as unset
    with pytest.raises(ConfigurationError) as refused:
        load_settings(Process.BROWSER_WORKER)
    assert str(refused.value).startswith(f"`rapport worker browser` needs {' and '.join(NEEDED)}")


@pytest.mark.parametrize("name", NEEDED)
def test_a_secret_that_is_asked_for_and_unset_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(ConfigurationError, match=f"^{name} is not set"):
        get_settings().required(name.lower().removeprefix("rapport_"))


@pytest.mark.parametrize("process", Process)
def test_a_process_starts_with_the_secrets_it_uses_and_no_others(
    environment: pytest.MonkeyPatch, process: Process
) -> None:
    for name, value in SECRETS.items():
        environment.setenv(name, value)
    for name in unused_secret_variables(process):
        environment.delenv(name)
    load_settings(process)
    optional = {"RAPPORT_API_KEY", "RAPPORT_CONSOLE_KEYS", "RAPPORT_MCP_KEY"}
    for name in {variable_name(field) for field in SECRETS_OF_PROCESS[process]} - optional:
        with environment.context() as without:
            without.delenv(name)
            get_settings.cache_clear()
            with pytest.raises(ConfigurationError, match=f"`rapport {process}` needs {name}"):
                load_settings(process)


def test_the_front_door_starts_without_its_key_and_refuses_whoever_needs_one(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("RAPPORT_API_KEY", raising=False)
    assert load_settings(Process.API).api_key is None


def test_the_keys_of_sessions_are_where_a_browser_is_opened_and_what_is_none_of_ours_has_no_secret() -> None:
    has_keys = {process for process in Process if "secret_keys" in SECRETS_OF_PROCESS[process]}
    assert has_keys == {Process.BROWSER_WORKER, Process.SIGN_IN}
    assert [each for each in Process if "notice_keys" in SECRETS_OF_PROCESS[each]] == [Process.NOTIFIER]
    assert SECRETS_OF_PROCESS[Process.SANDBOX] == {"sandbox_key"}
    assert unused_secret_variables(None) == {variable_name(field) for field in SECRET_FIELDS}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAPPORT_API_KEY", "s3cret"),
        ("RAPPORT_API_KEY", "s3cret-of-15-ch"),
        ("RAPPORT_API_KEY", "s3cret with spaces in it"),
        ("RAPPORT_API_KEY", "s3cret-with-a-line-break\n"),
        ("RAPPORT_API_KEY", "s3cret-in-Umläuten-äöü"),
        ("RAPPORT_SANDBOX_KEY", "s3cret"),
        ("RAPPORT_MCP_KEY", "s3cret"),
        ("RAPPORT_FLOWER_AUTH", "me:s3cret"),
        ("RAPPORT_FLOWER_AUTH", "s3cret-but-nobody-who-has-it"),
        ("RAPPORT_FLOWER_AUTH", ":s3cret-without-a-user"),
        ("RAPPORT_FLOWER_AUTH", "me:s3cret-long-enough,you:x"),
        ("RAPPORT_SANDBOX_URL", "localhost:8080/s3cret"),
        ("RAPPORT_SANDBOX_URL", "http://me:s3cret@localhost:8080"),
        ("RAPPORT_SANDBOX_URL", "http://localhost:s3cret"),
        ("RAPPORT_PUBLIC_URL", "http://example.org/s3cret"),
        ("RAPPORT_PUBLIC_URL", "https://me:s3cret@example.org"),
        ("RAPPORT_PUBLIC_URL", "https://example.org/?s3cret=1"),
        ("RAPPORT_PUBLIC_URL", "https://example.org/#s3cret"),
        ("RAPPORT_PUBLIC_URL", "example.org/s3cret"),
    ],
)
def test_a_weak_key_or_a_wrong_address_is_refused_by_its_variable_and_not_repeated(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ConfigurationError, match=f"{name}: ") as refused:
        get_settings()
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.__cause__ is refused.value.__context__ is None


@pytest.mark.parametrize("name", ["CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"])
def test_an_address_that_celery_would_take_unchecked_is_refused(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.setenv(name, "rediss://:s3cret@127.0.0.1:1/0")
    with pytest.raises(ConfigurationError, match=name) as refused:
        get_settings()
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAPPORT_LOG_LEVEL", "LOUD-s3cret"),
        ("RAPPORT_EVIDENCE_DAYS", "0"),
        ("RAPPORT_HEADLESS", "s3cret"),
        ("RAPPORT_ACTION_TIME_LIMIT", "s3cret"),
        ("RAPPORT_ACTION_TIME_LIMIT", "0"),
        ("RAPPORT_ACTION_TIME_LIMIT", "-5"),
    ],
)
def test_a_wrong_value_is_named_by_its_variable_and_not_repeated(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        get_settings()
    assert name in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is refused.value.__context__ is None
    with pytest.raises(ValidationError) as raw:
        Settings()
    assert "s3cret" not in str(raw.value)


def test_durations_are_seconds_outside_and_timedeltas_inside(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RAPPORT_ACTION_TIME_LIMIT", "90")
    environment.setenv("RAPPORT_SETTLE_TIME", "0.5")
    settings = get_settings()
    assert settings.action_time_limit == timedelta(seconds=90)
    assert settings.settle_time == timedelta(milliseconds=500)


def test_a_lease_too_short_for_a_click_is_refused(environment: pytest.MonkeyPatch) -> None:
    settings = Settings()
    assert settings.lease > settings.click_lease_margin
    environment.setenv("RAPPORT_LEASE", str(settings.click_lease_margin.total_seconds()))
    with pytest.raises(ConfigurationError, match="RAPPORT_LEASE"):
        get_settings()


@pytest.mark.parametrize(
    "name", ["BROWSER_TIMEOUT", "LEASE", "SETTLE_TIME", "DISPATCH_EVERY", "ACTION_TIME_LIMIT"]
)
def test_no_duration_is_longer_than_a_day(environment: pytest.MonkeyPatch, name: str) -> None:
    for beyond in ("86401", "86399999999999", "P999999999D", "1e300", "inf", "nan"):
        environment.setenv(f"RAPPORT_{name}", beyond)
        with pytest.raises(ConfigurationError, match=f"RAPPORT_{name}"):
            get_settings()


def test_settings_are_frozen_and_read_once(environment: pytest.MonkeyPatch) -> None:
    settings = get_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.headless = False  # type: ignore[misc]  # the point
    environment.setenv("RAPPORT_LOG_LEVEL", "DEBUG")
    assert get_settings() is settings
    assert get_settings().log_level == "INFO"


SECRETS = {
    "DATABASE_URL": "postgresql://u:s3cret@h/x",
    "REDIS_URL": "redis://:s3cret@h/0",
    "RAPPORT_SECRET_KEYS": "s3cret," + Fernet.generate_key().decode(),
    "RAPPORT_NOTICE_KEYS": "s3cret," + Fernet.generate_key().decode(),
    "RAPPORT_CONSOLE_KEYS": f"s3cret{'A' * 37}=",
    "RAPPORT_API_KEY": "s3cret-of-the-front-door",
    "RAPPORT_FLOWER_AUTH": "me:s3cret-of-flower",
    "RAPPORT_SANDBOX_KEY": "s3cret-of-the-network",
    "RAPPORT_MCP_KEY": "s3cret-of-an-assistant",
}


def test_no_secret_shows_when_settings_are_printed(environment: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        environment.setenv(name, value)
    settings = get_settings()
    shown = (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump()))
    assert all("s3cret" not in text for text in shown)
    held = [getattr(settings, name) for name in Settings.model_fields]
    assert sum(isinstance(value, SecretStr) for value in held) == len(SECRETS)
    assert [variable_name(name) for name in SECRET_FIELDS] == list(SECRETS)
    assert settings.required("database_url").get_secret_value() == SECRETS["DATABASE_URL"]


def test_what_the_environment_holds_besides_is_none_of_ours(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RAPPORT_NO_SUCH_THING", "1")
    environment.setenv("LOG_LEVEL", "DEBUG")
    environment.setenv("SECRET_KEYS", "other")
    settings = get_settings()
    assert settings.log_level == "INFO"
    assert settings.required("secret_keys").get_secret_value() != "other"


@pytest.mark.parametrize(
    "given", ["https://example.org/rapport/", "http://127.0.0.1:8000", "http://[::1]:8000"]
)
def test_a_public_address_is_encrypted_or_of_this_machine(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_PUBLIC_URL", given)
    assert Settings().public_url == given.rstrip("/")
