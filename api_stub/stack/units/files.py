"""Write unit files, and remove those that were written."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from api_stub.stack.units.unit import MARK, Unit
from worker.errors import RequestRefusedError


def write_units(folder: Path, units: Sequence[Unit]) -> None:
    """Write the units, and remove those of an earlier installation that are not among them.

    Raises RequestRefusedError, before anything is written, if a file of one of these names is not ours.
    """
    for unit in units:
        file = folder / unit.name
        if file.exists() and not _is_ours(file):
            raise RequestRefusedError(f"{file} wasn't written by Rapport: move it away first")
    written = {unit.name: unit.render() for unit in units}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in list(find_units(folder)):
            if file.name not in written:
                file.unlink()
        for name, text in written.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o644)
    except PermissionError as error:
        raise RequestRefusedError(f"{error.filename} can't be written: run this as root") from None


def find_units(folder: Path) -> Iterator[Path]:
    """Yield the unit files in this folder that Rapport wrote."""
    for file in sorted(folder.glob("rapport*")):
        if file.suffix in {".service", ".target"} and _is_ours(file):
            yield file


def remove_units(folder: Path) -> None:
    """Remove them. Raises RequestRefusedError if this user may not."""
    try:
        for file in list(find_units(folder)):
            file.unlink()
    except PermissionError as error:
        raise RequestRefusedError(f"{error.filename} can't be removed: run this as root") from None


def _is_ours(file: Path) -> bool:
    return file.is_file() and file.read_text(errors="replace").startswith(MARK + "\n")
