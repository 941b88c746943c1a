"""Files that people hand to a command."""

import json
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from worker.errors import RequestRefusedError
from worker.rules.criteria import Criteria

_MOST_BYTES: Final = 100_000
"""Ten times what the longest criteria need."""


def criteria_in(path: Path) -> Criteria:
    """Return the criteria of a JSON file. Raises RequestRefusedError that names what is wrong with it."""
    try:
        with path.open("rb") as file:
            told = file.read(_MOST_BYTES + 1)
        if len(told) > _MOST_BYTES:
            raise RequestRefusedError(f"{path.name}: this is too long to be criteria")
        return Criteria.model_validate(json.loads(told.decode("utf-8-sig")))
    except OSError as error:
        raise RequestRefusedError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RequestRefusedError(f"{path.name}: this is no UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise RequestRefusedError(f"{path.name}: this is no JSON: line {error.lineno}: {error.msg}") from None
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise RequestRefusedError(f"{path.name}: {where and f'{where}: '}{fault['msg']}") from None
