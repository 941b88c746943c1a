"""The passwords and keys of a stack, created once and stored in its data folder."""

import json
import os
import secrets
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet
from pydantic import SecretStr

from api_stub.stack.errors import StackError

_FERNET_KEYS: Final = frozenset({"secret_key", "notice_key", "console_key"})


@dataclass(frozen=True, slots=True)
class StackSecrets:
    """The secrets of one stack. Safe to print: SecretStr shows asterisks."""

    postgres_password: SecretStr
    app_password: SecretStr
    redis_password: SecretStr
    secret_key: SecretStr
    notice_key: SecretStr
    console_key: SecretStr
    api_key: SecretStr
    flower_password: SecretStr
    sandbox_key: SecretStr


def load_secrets(data_dir: Path) -> StackSecrets:
    """Read `<data>/secrets.json` and add the secrets that are missing. Only the owner can read the file.

    An existing secret is never replaced: only these keys decrypt the stored browser sessions and URLs. Raises
    StackError if the file is not JSON.
    """
    path = data_dir / "secrets.json"
    known = _read(path)
    complete = {field.name: known.get(field.name) or _make(field.name) for field in fields(StackSecrets)}
    if complete != known:
        write_private_file(path, json.dumps({**known, **complete}, indent=2) + "\n")
    return StackSecrets(**{name: SecretStr(value) for name, value in complete.items()})


def has_secrets(data_dir: Path) -> bool:
    """Return whether a stack has used this data folder. Raises StackError as `load_secrets` does."""
    return {"postgres_password", "secret_key"} <= _read(data_dir / "secrets.json").keys()


def write_private_file(path: Path, text: str) -> None:
    """Write a file atomically, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(path: Path) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError):
        raise StackError(f"{path} is not readable as JSON: restore it from a copy, or remove it.") from None


def _make(name: str) -> str:
    return Fernet.generate_key().decode() if name in _FERNET_KEYS else secrets.token_urlsafe(32)
