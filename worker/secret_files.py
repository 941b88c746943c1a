"""Secrets as files, as container engines do it: DATABASE_URL_FILE names a file that holds DATABASE_URL."""

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

_SUFFIX: Final = "_FILE"
_MOST_BYTES: Final = 64 * 1024
"""An address or a few keys; a larger file is not a secret but a mistake."""


def file_variable(variable: str) -> str:
    """Return the variable that names the file of a secret."""
    return f"{variable}{_SUFFIX}"


def read_secret_files(environment: Mapping[str, str], variables: Collection[str]) -> dict[str, str]:
    """Return the secrets that `environment` gives as files, by their variables, without the last line end.

    Raises ValueError that names the variable if it and its file are both given, or if the file can't
    be read, is empty or is too large. The error quotes nothing of the file.
    """
    found = {}
    for variable in variables:
        name = file_variable(variable)
        if not (path := environment.get(name)):
            continue
        if environment.get(variable):
            raise ValueError(f"{variable} and {name} are both set: unset one of them")
        found[variable] = _read(name, Path(path))
    return found


def _read(name: str, path: Path) -> str:
    try:
        # Opening must not block, not even on a pipe that nobody writes to.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), "rb") as file:
            is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            content = file.read(_MOST_BYTES + 1) if is_file else b""
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its name can't be one"
        raise ValueError(f"{name}: its file can't be read ({why})") from None
    if not is_file:
        raise ValueError(f"{name}: it names no regular file")
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{name}: its file has more than {_MOST_BYTES // 1024} KiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{name}: its file is not text in UTF-8") from None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret.strip():
        raise ValueError(f"{name}: its file is empty")
    return secret
