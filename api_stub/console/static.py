"""The files that pages load: this package's own, with their contents' hash in the address."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response

from api_stub.console.errors import UnknownPageError

FOLDER: Final = Path(__file__).with_name("assets")
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}

router = APIRouter(prefix="/assets", include_in_schema=False)


@cache
def _load_files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in _TYPES}


@cache
def find_address(name: str) -> str:
    """Return the path of a file, which changes with its contents."""
    return f"/assets/{sha256(_load_files()[name]).hexdigest()[:16]}/{name}"


@router.get("/{digest}/{name}")
def send_file(digest: str, name: str) -> Response:
    """Return a file, to be kept by the browser for good."""
    if name not in _load_files() or find_address(name) != f"/assets/{digest}/{name}":
        raise UnknownPageError
    return Response(_load_files()[name], media_type=_TYPES[Path(name).suffix], headers=_FOREVER)
