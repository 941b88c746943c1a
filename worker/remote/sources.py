"""What reading a source needs to know, and what it tells."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

_MAX_TAG_CHARS: Final = 1_000

Sink = Callable[[bytes | None, bytes, str], None]
"""Takes each new or changed entry: its key, its version, its text. A text without a key belongs to none."""


@dataclass(frozen=True, slots=True)
class KnownSource:
    """What was read before. `tag` and `modified` are what the server said about the whole source.

    `versions` has the version of each entry, by its key. `old` are those that were read too long ago: they
    are read again, and then the source is never taken as unchanged.
    """

    tag: str | None = None
    modified: str | None = None
    versions: Mapping[bytes, bytes] = field(default_factory=dict)
    old: Collection[bytes] = frozenset()

    def is_known(self, key: bytes, version: bytes) -> bool:
        """Return whether this version of the entry was read lately."""
        return self.versions.get(key) == version and key not in self.old


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """What reading a source told, besides the entries. `gone` are keys that it no longer has.

    `unfinished`: some changed entries could not be read in time, so `tag` is not that of what was read.
    """

    tag: str | None = None
    modified: str | None = None
    gone: Collection[bytes] = frozenset()
    unfinished: bool = False


def digest(*parts: str) -> bytes:
    """Return a hash of texts: a key or a version. Names and addresses in them are not stored."""
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).digest()


def clean_tag(value: str | None) -> str | None:
    """Return a tag that can be stored and sent back as it is, or None."""
    usable = value and len(value) <= _MAX_TAG_CHARS and value.isascii() and value.isprintable()
    return value if usable else None
