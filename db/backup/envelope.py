"""Encryption of a backup: the age format (https://age-encryption.org/v1), which other programs read too.

Whoever writes a backup needs only the public key. The private key stays with a person.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedIOBase
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO, Final

import pyrage
from pyrage import x25519

from db.backup.errors import BackupDamagedError, BackupKeyError
from worker.errors import RequestRefusedError

_MOST_BYTES_OF_A_KEY_FILE: Final = 64 * 1024


def parse_recipient(text: str) -> x25519.Recipient:
    """Return the public key. Raises BackupKeyError that names the expected form."""
    try:
        return x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise BackupKeyError(
            f"{text[:80]!r} isn't a public key of a backup: it begins with age1, and "
            "`rapport backup new-key FILE` makes one"
        ) from None


def read_identity(path: Path) -> x25519.Identity:
    """Return the private key in a file as `rapport backup new-key` or age-keygen writes it.

    Raises BackupKeyError. It quotes nothing of the file.
    """
    try:
        with path.open("rb") as file:
            lines = file.read(_MOST_BYTES_OF_A_KEY_FILE).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "it isn't text"
        raise BackupKeyError(f"{path}, the file of the private key, can't be read: {why}") from None
    for line in lines:
        if line.strip() and not line.startswith("#"):
            with suppress(pyrage.IdentityError):
                return x25519.Identity.from_str(line.strip())
    raise BackupKeyError(f"{path} has no private key: a line that begins with AGE-SECRET-KEY-1")


def encrypt(blocks: Iterator[bytes], target: BinaryIO, recipients: Sequence[x25519.Recipient]) -> None:
    """Write the blocks to `target`, encrypted for each recipient. Raises what `blocks` or `target` raise."""
    source, sink = _BlockReader(blocks), _Sink(target)
    try:
        pyrage.encrypt_io(source, sink, recipients)
    except (pyrage.EncryptError, OSError):
        if error := source.error or sink.error:  # the library has made its own error of it
            raise error from None
        raise


@contextmanager
def decrypt(source: BufferedIOBase, identity: x25519.Identity) -> Iterator[BinaryIO]:
    """Open the decrypted stream. A thread decrypts into a pipe, because the library only pushes.

    What was read is authentic. That nothing is missing is known when the block ends, which then raises:
    BackupKeyError if the key is another one, BackupDamagedError if the file was cut off or altered.
    """
    reading, writing = os.pipe()
    failed: list[RequestRefusedError] = []
    pushing = Thread(target=_push, args=(source, writing, identity, failed), name="decrypt", daemon=True)
    pushing.start()
    with os.fdopen(reading, "rb") as stream:
        try:
            yield stream
            while stream.read(1 << 20):  # behind the last member, to the mark of the end
                pass
        except RequestRefusedError:
            if failed:  # what came through the pipe was short or wrong because of this
                raise failed[0] from None
            raise
        finally:
            stream.close()
            pushing.join()
    if failed:
        raise failed[0]


class _BlockReader(BufferedIOBase):
    """Hands blocks of any size to a reader that asks for a number of bytes."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.error: BaseException | None = None
        self._blocks = blocks
        self._block = memoryview(b"")

    def read(self, size: int | None = -1, /) -> bytes:
        while not self._block:
            try:
                self._block = memoryview(next(self._blocks))
            except StopIteration:
                return b""
            except BaseException as error:
                self.error = error
                raise
        end = len(self._block) if size is None or size < 0 else size
        taken, self._block = self._block[:end], self._block[end:]
        return bytes(taken)


class _Sink(BufferedIOBase):
    """Hands what is written on, and remembers the error."""

    def __init__(self, target: BinaryIO) -> None:
        self.error: BaseException | None = None
        self._target = target

    def write(self, content: Any, /) -> int:  # noqa: ANN401 -- a buffer, which Python 3.11 has no name for
        try:
            return self._target.write(content)
        except BaseException as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._target.flush()


def _push(
    source: BufferedIOBase, writing: int, identity: x25519.Identity, failed: list[RequestRefusedError]
) -> None:
    """Decrypt into the pipe. What fails is noted before the pipe is closed, where the reader finds it."""
    with suppress(BrokenPipeError), os.fdopen(writing, "wb") as sink:
        try:
            pyrage.decrypt_io(source, sink, [identity])
        except pyrage.DecryptError as error:
            failed.append(_explain(error))
        except OSError:
            failed.append(BackupDamagedError("the backup is damaged: it was cut off or altered"))


def _explain(error: Exception) -> RequestRefusedError:
    if "No matching keys" in str(error):
        return BackupKeyError("this private key doesn't decrypt the backup: it was made for another one")
    return BackupDamagedError("this is no backup, or its beginning is damaged")
