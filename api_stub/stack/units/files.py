"""Write unit files, find them, and remove those that were written."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from api_stub.stack.units.embedded import SERVICE, SYSTEM_DATA
from api_stub.stack.units.unit import MARK, Unit, quote
from worker.errors import RequestRefusedError

SYSTEM_FOLDER: Final = Path("/etc/systemd/system")


def unit_folder(*, system: bool) -> Path:
    """Return the folder of the units of the machine, or of this user's."""
    return SYSTEM_FOLDER if system else Path.home() / ".config" / "systemd" / "user"


def find_start_command(data: Path) -> str | None:
    """Return the command that starts the service of the stack on this data folder, or None without one."""
    with suppress(RuntimeError, RequestRefusedError):  # a user without a home, a folder that no unit can name
        file = unit_folder(system=False) / SERVICE
        if _is_ours(file) and f"--data {quote(data.absolute())}\n" in file.read_text():
            return f"systemctl --user start {SERVICE}"
    if data.absolute() == SYSTEM_DATA and _is_ours(unit_folder(system=True) / SERVICE):
        return f"sudo systemctl start {SERVICE}"
    return None


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
