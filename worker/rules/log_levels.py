"""Parse the levels of single loggers, such as `tasks=DEBUG,db=WARNING`."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

OUR_PACKAGES: Final = ("api_stub", "db", "tasks", "worker")
"""Only these may log at DEBUG: libraries write rows, headers and task arguments there."""

_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_LEAST_OF_LIBRARIES: Final = "INFO"
_LEAST: Final[Mapping[str, str]] = {"httpx": "WARNING", "httpcore": "WARNING"}
"""These log whole addresses at INFO. A subscription's address may be a secret."""


def least_level(logger: str) -> str:
    """Return the least level that this logger may have."""
    package = logger.partition(".")[0]
    return "DEBUG" if package in OUR_PACKAGES else _LEAST.get(package, _LEAST_OF_LIBRARIES)


def parse_log_levels(given: str) -> Mapping[str, str]:
    """Return the level of each named logger. Raises ValueError that names the wrong part."""
    levels = {}
    for part in filter(None, (part.strip() for part in given.split(","))):
        logger, equals, level = (piece.strip() for piece in part.partition("="))
        level = level.upper()
        if not equals or not logger or level not in _LEVELS:
            raise ValueError(f"{part!r} isn't MODULE=LEVEL, with a level of {', '.join(_LEVELS)}")
        if not all(name.isidentifier() for name in logger.split(".")):
            raise ValueError(f"{logger!r} isn't the name of a module")
        package = logger.partition(".")[0]
        if package not in OUR_PACKAGES and find_spec(package) is None:
            raise ValueError(
                f"there is no module called {package!r}; Rapport's are {', '.join(OUR_PACKAGES)}"
            )
        least = least_level(logger)
        if _LEVELS.index(level) < _LEVELS.index(least):
            raise ValueError(f"{part} would log secrets or people's data; {least} is the least for it")
        levels[logger] = level
    return levels
