import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_stub.stack.servers import unprivileged


@pytest.fixture(autouse=True)
def _private_shared_folder(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> None:
    """Replace root's folder under /var/lib by one that is removed after the test run."""
    monkeypatch.setattr(unprivileged, "_SHARED_FOLDER", open_folder / "var")


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user can access, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="rapport test ")).resolve()
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data folder with a space in its name, in a folder that only its owner may enter."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    return closed / "my data"
