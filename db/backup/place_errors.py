"""Turns the errors of fsspec and its packages into one that says what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import shorten
from typing import Final

from worker.errors import RequestRefusedError

_PACKAGES: Final = (
    ("botocore.exceptions", "BotoCoreError"),  # s3fs
    ("botocore.exceptions", "ClientError"),
    ("gcsfs.retry", "HttpError"),
    ("gcsfs.retry", "ChecksumError"),
    ("gcsfs.retry", "NonRetryableError"),
    ("google.auth.exceptions", "GoogleAuthError"),  # gcsfs
    ("google.api_core.exceptions", "GoogleAPIError"),
    ("azure.core.exceptions", "AzureError"),  # adlfs
    ("aiohttp.client_exceptions", "ClientError"),  # all three
    ("paramiko.ssh_exception", "SSHException"),
    ("paramiko.sftp", "SFTPError"),
    ("ftplib", "Error"),
)
"""Base classes of errors that aren't OSErrors, by their modules. None of these modules need be installed."""
_MAX_LENGTH: Final = 300


@contextmanager
def refuse_place_errors(*further: type[Exception]) -> Iterator[None]:
    """Raise RequestRefusedError in place of what a place's package raises, and of `further` errors.

    Some packages also raise a ValueError or RuntimeError. Name these only for a block that does nothing else
    than to use the place.
    """
    try:
        yield
    except _list_errors(further) as error:
        said = shorten(f"{type(error).__name__}: {error}", _MAX_LENGTH, placeholder=" …").rstrip(": ")
        raise RequestRefusedError(
            f"the place of the backups can't be used: {said}. Check its address, and that this process may "
            "sign in and write there: docs/backup.md#other-places"
        ) from error


def _list_errors(further: tuple[type[Exception], ...]) -> tuple[type[Exception], ...]:
    """Return the error classes of the imported packages; one that isn't imported has raised nothing."""
    loaded = ((sys.modules.get(module), name) for module, name in _PACKAGES)
    theirs = (getattr(module, name, None) for module, name in loaded)
    return (OSError, EOFError, *further, *(each for each in theirs if each is not None))
