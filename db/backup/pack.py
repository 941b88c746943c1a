"""Write a backup's members as tar and gzip, block by block, so that memory doesn't grow with the database."""

import gzip
import tarfile
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Final

Member = tuple[str, bytes]
_LEVEL: Final = 6


class _Buffer(BytesIO):
    """A file whose content is taken away while it is written."""

    def take(self) -> bytes:
        taken = self.getvalue()
        self.seek(0)
        self.truncate()
        return taken


def pack(
    members: Iterable[Member], *, mtime: int, progress: Callable[[int], object] = lambda _: None
) -> Iterator[bytes]:
    """Yield the compressed archive. `progress` is called with the bytes of each member."""
    compressed = _Buffer()
    zipped = gzip.GzipFile(fileobj=compressed, mode="wb", compresslevel=_LEVEL, mtime=mtime)
    with tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), mtime, 0o600
            tar.addfile(entry, BytesIO(content))
            progress(len(content))
            if block := compressed.take():
                yield block
    zipped.close()
    yield compressed.take()
