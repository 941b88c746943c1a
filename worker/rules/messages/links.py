"""Addresses on the web within a text, and those of URL shorteners."""

import re
from typing import Final

URL_SHORTENERS: Final = (
    "adf.ly", "bit.do", "bit.ly", "bitly.com", "bl.ink", "buff.ly", "cutt.ly", "dlvr.it", "fb.me", "goo.gl",
    "ht.ly", "ift.tt", "is.gd", "j.mp", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly", "s.id", "shorturl.at",
    "t.co", "t.ly", "tiny.cc", "tinyurl.com", "trib.al", "v.gd", "wp.me", "x.co",
)  # fmt: skip
"""The common ones of https://github.com/PeterDaveHello/url-shorteners."""

SHORTENER_NOTE: Final = (
    "links to %(shortener)s, a URL shortener: people and sites take such links for spam, because they hide "
    "where they lead; write the whole address"
)
"""To follow "the text" or "the template"."""

_SHORTENER: Final = re.compile(
    rf"(?<![\w.@-])(?:www\.)?({'|'.join(map(re.escape, URL_SHORTENERS))})(?![\w-]|\.\w)", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"\w+://|\bwww\.|(?<!\w)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}(?!\w)", re.IGNORECASE)


def find_shortener(text: str) -> str | None:
    """Return the first URL shortener that `text` links to, or None."""
    found = _SHORTENER.search(text)
    return found[1].lower() if found else None


def contains_address(text: str) -> bool:
    """Return whether a site would turn a part of `text` into a link: an address, or only its domain."""
    return _ADDRESS.search(text) is not None
