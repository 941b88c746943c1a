"""Mask the texts of a recording: what people wrote, addresses' parameters, Playwright's own log lines."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

MASK: Final = "x"
_LONGEST_SEGMENT: Final = 40
"""Characters of a part of a path. A longer one may be a token; an address by member id has 39."""
_LONGEST_LINE: Final = 300
_ADDRESS: Final = re.compile(r"\b(?:https?|wss?)://[^\s\"'<>]+")
_QUOTED: Final = re.compile(r"([\"'`]).*\1", re.DOTALL)
"""From the first quotation mark of a kind to the last, because a quoted text may hold such marks itself."""


def mask_text(text: str) -> str:
    """Replace every character of a text but white space, so that the layout of a page stays."""
    return re.sub(r"\S", MASK, text)


def mask_address(address: str) -> str:
    """Return the address without query, fragment and user, and without parts that may be a token."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return MASK
    if parts.scheme not in {"", "http", "https", "ws", "wss"}:
        return address if address == "about:blank" else f"{parts.scheme}:"
    path = "/".join(part if len(part) <= _LONGEST_SEGMENT else MASK for part in parts.path.split("/"))
    query = MASK if parts.query else ""
    return SplitResult(parts.scheme, f"{host}{port}", path, query, "").geturl()


def mask_selector(selector: str) -> str:
    """Return a selector without what stands between double quotes, where a value from a page may stand."""
    return re.sub(r'".*"', f'"{MASK}"', selector, flags=re.DOTALL)


def mask_line(line: str) -> str:
    """Return the first line of a log message or an error, without elements, quoted texts and parameters.

    Playwright quotes there what is typed (`fill("...")`), and shows elements with their texts (`<p>...`).
    """
    tag = re.search(r"<(\w[\w-]*)?", line)
    kept = line if tag is None else f"{line[: tag.start()]}<{tag[1] or ''}>"
    kept = _ADDRESS.sub(lambda found: mask_address(found[0]), kept)
    kept = _QUOTED.sub(f'"{MASK}"', kept)
    return kept.split("\n", 1)[0][:_LONGEST_LINE]
