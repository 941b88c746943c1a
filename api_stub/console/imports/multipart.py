"""Read a form with one file, part by part as it arrives."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from anyio import to_thread
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api_stub.console.forms import FormRefusedError
from api_stub.imports.kept_files import FileWriter, KeptFile
from worker.errors import RequestRefusedError

_FILE_FIELD: Final = "file"
_MOST_FIELDS: Final = 8
_MOST_FIELD_BYTES: Final = 4_000
_LONGEST_BOUNDARY: Final = 200

Fields = Mapping[str, str]


async def receive_form(
    request: Request, folder: Path, check: Callable[[Fields], None]
) -> tuple[Fields, KeptFile]:
    """Return the fields of a multipart form and its file, which is the caller's to discard.

    `check` is called with the fields before the file, before a byte of it is written, and raises to refuse
    them. Raises FormRefusedError unless the form is whole: short fields and one file. Nothing stays if this
    raises, or if the client goes away.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        raise FormRefusedError
    reader = _Reader(folder, check)
    try:
        await _parse(request, boundary, reader)
        return reader.fields, reader.finish()
    except BaseException:  # also a client that has gone
        reader.discard()
        raise


async def _parse(request: Request, boundary: bytes, reader: "_Reader") -> None:
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": reader.begin_part,
            "on_header_field": reader.read_header_name,
            "on_header_value": reader.read_header_value,
            "on_header_end": reader.end_header,
            "on_headers_finished": reader.end_headers,
            "on_part_data": reader.read_data,
            "on_part_end": reader.end_part,
            "on_end": reader.end,
        },
    )
    refusal: Exception | None = None
    async for chunk in request.stream():
        if refusal is not None:
            continue  # read to its end: a browser shows no answer that comes before
        try:
            # In a thread: a file made to be hard to split would hold up every other request.
            await to_thread.run_sync(parser.write, chunk)
        except FormParserError:
            refusal = FormRefusedError()
        except (FormRefusedError, RequestRefusedError) as error:
            refusal = error
        except OSError as error:
            refusal = RequestRefusedError(f"the file can't be stored here: {error.strerror}")
    if refusal is not None:
        raise refusal


class _Reader:
    """Takes what the parser finds."""

    def __init__(self, folder: Path, check: Callable[[Fields], None]) -> None:
        self.fields: dict[str, str] = {}
        self._folder, self._check = folder, check
        self._header = self._value = self._disposition = b""
        self._name, self._field = "", bytearray()
        self._file: FileWriter | None = None
        self._file_name = ""
        self._is_file = self._is_whole = False

    def begin_part(self) -> None:
        if len(self.fields) >= _MOST_FIELDS:
            raise FormRefusedError
        self._disposition, self._field = b"", bytearray()

    def read_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def read_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = self._name == _FILE_FIELD and b"filename" in options
        if not self._is_file:
            return
        if self._file is not None:
            raise FormRefusedError
        self._check(self.fields)
        self._file_name = options[b"filename"].decode("utf-8", "replace")
        self._file = FileWriter(self._folder)

    def read_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file and self._file is not None:
            self._file.write(data[start:end])
            return
        self._field += data[start:end]
        if len(self._field) > _MOST_FIELD_BYTES:
            raise FormRefusedError

    def end_part(self) -> None:
        if self._is_file:
            return
        if b"\0" in self._field:  # as in other forms
            raise FormRefusedError
        self.fields[self._name] = self._field.decode("utf-8", "replace").strip()

    def end(self) -> None:
        self._is_whole = True

    def finish(self) -> KeptFile:
        """Return the file. Raises FormRefusedError if the form broke off, or had none."""
        if self._file is None or not self._is_whole:
            raise FormRefusedError
        return self._file.finish(self._file_name)

    def discard(self) -> None:
        """Delete what has arrived of the file."""
        if self._file is not None:
            self._file.discard()
