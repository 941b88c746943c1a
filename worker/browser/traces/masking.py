"""Rewrite a recording of Playwright without texts, cookies, tokens and typed values.

Only what is listed here is copied; everything else is masked or left out, so that what another version of
Playwright adds isn't kept by accident. What stays: which calls were made on which selectors, how long they
took and with which error; which requests were made, to which paths, with which status; the structure and the
style of the pages. Screenshots, sources, headers, cookies, bodies, results, console lines go.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

from worker.browser.traces.document import mask_document
from worker.browser.traces.text import MASK, mask_address, mask_line, mask_selector

_MOST_READ: Final = 100_000_000
"""Bytes of a recording before it is masked, unpacked."""
_STYLE_SHEET: Final = ".css"
_UNREADABLE: Final = (
    OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, EOFError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip
"""What a cut file, or another version's form of an event, raises. An action must not fail of it."""

Event = dict[str, Any]


class UnsafeTraceError(Exception):
    """The recording can't be kept: it is too large, unreadable, or still holds what it must not."""


def mask_trace(recording: Path, *, most_bytes: int, secrets: Collection[str] = ()) -> bytes:
    """Return the masked recording as a zip file that Playwright's viewer opens.

    `secrets` are searched for in the result, as a second safeguard. Raises UnsafeTraceError if one is found,
    if the recording can't be read, or if the result is larger than `most_bytes`.
    """
    try:
        with zipfile.ZipFile(recording) as source:
            if sum(member.file_size for member in source.infolist()) > _MOST_READ:
                raise UnsafeTraceError("it is too large to be read")
            members = _mask_members(source)
    except _UNREADABLE as error:
        raise UnsafeTraceError(f"it can't be read: {type(error).__name__}") from None
    forms = {form for secret in secrets for form in (secret, _encode(secret)[1:-1], json.dumps(secret)[1:-1])}
    if any(form.encode() in content for form in forms for content in members.values()):
        raise UnsafeTraceError("it still held a text or a cookie after masking")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    if packed.tell() > most_bytes:
        raise UnsafeTraceError(f"it has {packed.tell()} bytes, more than {most_bytes}")
    return packed.getvalue()


def _mask_members(source: zipfile.ZipFile) -> dict[str, bytes]:
    there = set(source.namelist())
    sheets = {name for name in there if name.startswith("resources/") and name.endswith(_STYLE_SHEET)}
    members = {
        name: "".join(_mask_lines(source.read(name), mask)).encode()
        for name, mask in (
            ("trace.trace", lambda event: _mask_event(event, sheets)),
            ("trace.network", lambda event: _mask_request(event, sheets)),
        )
        if name in there
    }
    used = b"".join(members.values())
    return members | {name: source.read(name) for name in sorted(sheets) if name.encode() in used}


def _mask_lines(content: bytes, mask: Callable[[Event], Event]) -> Iterator[str]:
    for line in content.decode().splitlines():
        if line:
            yield _encode(mask(json.loads(line))) + "\n"


def _encode(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _mask_event(event: Event, sheets: Collection[str]) -> Event:
    """Return what is kept of an event; one of an unknown type keeps only its type."""
    kept = _pick(event, "type callId startTime endTime time class method parentId pageId point box")
    if isinstance(event.get("title"), str):
        kept["title"] = mask_line(event["title"])
    if event["type"] == "context-options":
        kept |= _pick(
            event,
            "version origin browserName playwrightVersion platform wallTime monotonicTime sdkLanguage "
            "testIdAttributeName",
        )
        kept["options"] = _pick(event["options"], "viewport deviceScaleFactor isMobile userAgent")
    if event["type"] == "before":
        kept["params"] = _mask_params(event.get("params", {}))
    if event["type"] == "event":
        kept["params"] = _pick(event["params"], "pageId openerPageId type")
    if event["type"] == "log":
        kept["message"] = mask_line(event["message"])
    if event["type"] == "after" and "error" in event:
        error = event["error"]
        kept["error"] = {name: mask_line(str(error.get(name, ""))) for name in ("name", "message")}
    if event["type"] == "console":
        kept |= _pick(event, "messageType") | {"text": MASK, "args": [], "location": {"url": ""}}
    if event["type"] == "frame-snapshot":
        kept["snapshot"] = _mask_snapshot(event["snapshot"], sheets)
    return kept


def _mask_params(params: Event) -> Event:
    kept = _pick(params, "waitUntil state strict timeout button polling")
    kept |= {name: mask_address(params[name]) for name in ("url",) if name in params}
    kept |= {name: mask_selector(params[name]) for name in ("selector",) if name in params}
    return kept | {name: MASK for name in params if name not in kept}


def _mask_snapshot(snapshot: Event, sheets: Collection[str]) -> Event:
    kept = _pick(
        snapshot,
        "callId phase pageId frameId doctype viewport timestamp wallTime collectionTime isMainFrame",
    )
    overrides = [
        {**_pick(each, "file ref"), "url": mask_address(each["url"])}
        for each in snapshot["resourceOverrides"]
        if each.get("file") in sheets or "ref" in each
    ]
    return kept | {
        "frameUrl": mask_address(snapshot["frameUrl"]),
        "html": mask_document(snapshot["html"]),
        "resourceOverrides": overrides,
    }


def _mask_request(event: Event, sheets: Collection[str]) -> Event:
    entry = event["snapshot"]
    request, response = entry["request"], entry["response"]
    bare: Event = {"cookies": [], "headers": []}
    content = response.get("content", {})
    kept = _pick(
        entry,
        "pageref startedDateTime time timings serverIPAddress _frameref _monotonicTime _resourceType",
    )
    kept["request"] = {
        **_pick(request, "method httpVersion headersSize bodySize"),
        **bare,
        "queryString": [],
        "url": mask_address(request["url"]),
    }
    kept["response"] = {
        **_pick(response, "status statusText httpVersion headersSize bodySize _transferSize _failureText"),
        **bare,
        "redirectURL": mask_address(response.get("redirectURL", "")),
        "content": _pick(content, "size mimeType" + (" _file" if content.get("_file") in sheets else "")),
    }
    return {"type": event["type"], "snapshot": kept | {"cache": {}}}


def _pick(source: Event, names: str) -> Event:
    return {name: source[name] for name in names.split() if name in source}
