"""Each secret may be given as a file, as container engines do it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_stub.cli.stack.processes import prepare_environment
from api_stub.stack.environment import inherited_environment, set_environment
from worker.errors import ConfigurationError
from worker.processes import Process, load_settings
from worker.settings import SECRET_FIELDS, SECRET_VARIABLES, get_settings, variable_name, with_files

VALUES = {
    "DATABASE_URL": "postgresql://u:p@h/x",
    "REDIS_URL": "redis://:s3cret@h/0",
    "RAPPORT_SECRET_KEYS": "s3cret-key,another",
    "RAPPORT_NOTICE_KEYS": "s3cret-key-of-notices",
    "RAPPORT_CONSOLE_KEYS": f"s3cret{'A' * 37}=",
    "RAPPORT_API_KEY": "s3cret-of-the-front-door",
    "RAPPORT_FLOWER_AUTH": "me:s3cret-of-flower",
    "RAPPORT_SANDBOX_KEY": "s3cret-of-the-network",
    "RAPPORT_MCP_KEY": "s3cret-of-an-assistant",
}


@pytest.fixture(autouse=True)
def _read_afresh(environment: pytest.MonkeyPatch) -> Iterator[None]:
    for name in SECRET_VARIABLES:
        environment.delenv(name, raising=False)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "s3cret-file"


def refusal() -> str:
    with pytest.raises(ConfigurationError) as refused:
        get_settings()
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("field", SECRET_FIELDS)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_every_secret_is_read_from_its_file_without_the_line_end(
    environment: pytest.MonkeyPatch, file: Path, field: str, end: str
) -> None:
    name = variable_name(field)
    file.write_bytes((VALUES[name] + end).encode())
    environment.setenv(f"{name}_FILE", str(file))
    environment.setenv(name, "")  # as good as unset
    assert get_settings().required(field).get_secret_value() == VALUES[name]


def test_a_process_starts_with_files_alone(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in VALUES.items():
        (tmp_path / name).write_text(value)
        environment.setenv(f"{name}_FILE", str(tmp_path / name))
    for process in Process:
        get_settings.cache_clear()
        load_settings(process)


def test_a_secret_given_twice_is_refused(environment: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text(VALUES["REDIS_URL"])
    environment.setenv("REDIS_URL", VALUES["REDIS_URL"])
    environment.setenv("REDIS_URL_FILE", str(file))
    assert "REDIS_URL and REDIS_URL_FILE are both set" in refusal()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"s" * 65537, "more than 64 KiB"),
        (b"\xff\xfe", "UTF-8"),
        (b"s3cret\n\n", "RAPPORT_API_KEY: must"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_in_one_line(
    environment: pytest.MonkeyPatch, file: Path, content: bytes, why: str
) -> None:
    file.write_bytes(content)
    environment.setenv("RAPPORT_API_KEY_FILE", str(file))
    said = refusal()
    assert why in said
    assert "RAPPORT_API_KEY" in said


def test_a_file_that_cannot_be_read_is_refused_in_one_line(
    environment: pytest.MonkeyPatch, file: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (file, tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        environment.setenv("DATABASE_URL_FILE", str(path))
        get_settings.cache_clear()
        assert "DATABASE_URL_FILE: " in refusal()


def test_a_process_is_told_of_no_other_secret_s_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in VALUES.items():
        (tmp_path / name).write_text(value)
        environment.setenv(f"{name}_FILE", str(tmp_path / name))
    assert not {f"{name}_FILE" for name in VALUES} & inherited_environment().keys()  # what Postgres gets
    started: list[object] = []
    environment.setattr("os.execv", lambda *arguments: started.append(arguments))
    prepare_environment(Process.BEAT)
    assert started  # again, with what is left
    everything = inherited_environment(also=with_files(SECRET_VARIABLES))
    assert with_files(SECRET_VARIABLES) & everything.keys() == {"REDIS_URL_FILE"}


def test_a_running_stack_s_address_does_not_override_a_file(
    environment: pytest.MonkeyPatch, file: Path
) -> None:
    file.write_text(VALUES["DATABASE_URL"])
    environment.setenv("DATABASE_URL_FILE", str(file))
    set_environment({"DATABASE_URL": "postgresql://of/the-stack"}, override=False)
    assert get_settings().required("database_url").get_secret_value() == VALUES["DATABASE_URL"]
