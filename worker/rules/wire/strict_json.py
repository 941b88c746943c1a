"""Parse JSON from untrusted senders: bounded in size and depth, refusing what parsers read differently."""

import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NoReturn

from worker.rules.wire.refusals import MessageRefusedError, Refusal

MAX_BYTES: Final = 1024 * 1024
"""Above the largest valid message: a thousand profile addresses of 500 characters."""

MAX_DEPTH: Final = 32

_MAX_DIGITS: Final = 19
"""Enough for 64 bits. Python itself refuses to parse or print more than 4 300."""

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters except tab and line ends, and surrogates, which UTF-8 and Postgres can't hold."""

Hook = Callable[[dict[str, Any]], object]


def parse(
    raw: bytes, *, hook: Hook = dict, any_text: bool = False, names: Collection[str] = frozenset()
) -> object:
    """Return the value of `raw`; `hook` converts each JSON object.

    Raises MessageRefusedError if it is too large or too deep, is not JSON in UTF-8, has a duplicate key, or
    holds a number that a double can't or, without `any_text`, a control character. Then the error names the
    fields around it that are among `names`; any other name may be one of a person.
    """
    if len(raw) > MAX_BYTES:
        raise MessageRefusedError(Refusal.TOO_LARGE, f"{len(raw)} bytes; at most {MAX_BYTES} are accepted")

    def unique(pairs: list[tuple[str, Any]]) -> object:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            _refuse("a key occurs twice")
        return hook(fields)

    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=unique,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except RecursionError:
        raise MessageRefusedError(Refusal.TOO_DEEP, f"more than {MAX_DEPTH} levels") from None
    except UnicodeDecodeError:
        _refuse("it is not UTF-8")
    except json.JSONDecodeError as error:
        _refuse(f"{error.msg} at character {error.pos}")
    _walk(value, any_text=any_text, names=names)
    return value


def _walk(value: object, *, any_text: bool, names: Collection[str]) -> None:
    """Check depth and characters. A loop, because Python limits recursion."""
    left: list[tuple[object, int, str]] = [(value, 0, "")]
    while left:
        found, depth, where = left.pop()
        if isinstance(found, str):
            if not any_text and _UNPRINTABLE.search(found):
                raise MessageRefusedError(
                    Refusal.BAD_TEXT,
                    f"{f'{where}: ' if where else ''}a control character or half a surrogate pair",
                )
            continue
        if not isinstance(found, Mapping | list):
            continue
        if depth == MAX_DEPTH:
            raise MessageRefusedError(Refusal.TOO_DEEP, f"more than {MAX_DEPTH} levels")
        if isinstance(found, Mapping):
            left.extend((key, depth + 1, where) for key in found)
            left.extend((each, depth + 1, _step(where, key, names)) for key, each in found.items())
        else:
            left.extend((each, depth + 1, where) for each in found)


def _step(where: str, key: object, names: Collection[str]) -> str:
    if key not in names:
        return where
    return f"{where}.{key}" if where else str(key)


def _int(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS:
        _refuse(f"a number of more than {_MAX_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse("a number too large for a double")
    return number


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} isn't valid JSON")


def _refuse(detail: str) -> NoReturn:
    raise MessageRefusedError(Refusal.NOT_JSON, detail)
