"""The page that somebody wanted before they signed in: only one of the console's own."""

import re
from typing import Final
from urllib.parse import quote

from api_stub.console.paths import OPEN_SECTIONS, find_section

_LONGEST: Final = 1_000
_NOT_PAGES: Final = OPEN_SECTIONS | {"leave", "live", "evidence"}
# A path that a browser takes for one: printable ASCII, with neither // nor \ at its beginning, and no way up.
_PATH: Final = re.compile(r"/(?![/\\])(?!.*(?:\.\.|\\|%2[eE]|%5[cC]))[!-~]*")


def read_return_path(given: str) -> str:
    """Return the path, without the prefix, if it is of a page of the console; else that of the first page."""
    if len(given) > _LONGEST or not _PATH.fullmatch(given):
        return "/"
    section = find_section(re.split(r"[?#]", given, maxsplit=1)[0])
    return "/" if section is None or section in _NOT_PAGES else given


def add_return_path(entry: str, wanted: str) -> str:
    """Return the address of the sign-in page that goes on to the wanted one."""
    path = read_return_path(wanted)
    return entry if path == "/" else f"{entry}?next={quote(path, safe='/')}"
