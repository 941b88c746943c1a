"""What is stored encrypted: it needs the keys that were set when the backup was made."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from db.backup.contents import About

SEALED: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "RAPPORT_SECRET_KEYS": (
        ("session of account", "select name, session from accounts where session is not null"),
        ("subscription", "select id::text, sealed from subscriptions"),
    ),
    "RAPPORT_NOTICE_KEYS": (("target of notices", "select name, sealed from notice_targets"),),
}
"""By the setting that holds the keys: what it is, and the query of names and encrypted values."""


def list_missing_keys(about: About, fingerprints: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the settings whose latest key at the backup is not among those with these fingerprints."""
    return [
        variable
        for variable, keys in about.keys.items()
        if keys and keys[0] not in fingerprints.get(variable, ())
    ]


def explain_keys(unopened: Sequence[str], about: About) -> str:
    """Say what the given keys don't decrypt, which keys would, and what to do."""
    return (
        f"the keys that are set here don't decrypt what the backup holds, so nothing was restored: "
        f"{_list(unopened)}. Fingerprints of the backup's keys, the latest first: "
        f"{_describe(about) or 'unknown'}. "
        "Set these keys, or copy the old data folder's secrets.json into a new one. If they are lost, "
        "--without-keys restores the rest"
    )


def _list(words: Sequence[str]) -> str:
    return "; ".join(words[:5]) + ("; …" if len(words) > 5 else "")


def _describe(about: About) -> str:
    return "; ".join(f"{name} {_join(keys)}" for name, keys in about.keys.items())


def _join(keys: Iterable[str]) -> str:
    return ", ".join(keys) or "(not recorded)"
