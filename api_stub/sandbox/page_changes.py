"""Changes of finished pages: a site that changed its HTML, and a wall that replaces a page in place."""

import html
import json
import re

from starlette.types import Message, Send

from api_stub.sandbox.faults import FaultName, Faults
from api_stub.sandbox.texts import TEXTS

_CLASSES = re.compile(r'class="([^"]*)"')
_ROLES = re.compile(r'(?<=[\s\[])role="?(log|textbox|article|list|listitem|dialog)"?')
_TAGS = re.compile(r"<(/?)(?:article|li|ul|h1)(?=[\s>])")
_HEAD = re.compile(r"(<header>.*?)<a href=[^>]*>(.*?)</a>", re.DOTALL)
_MEMBER_ID = re.compile(r'(data-member-id="|recipient=)')


def drift(page: str, level: int) -> str:
    """Return the HTML after a change of the site.

    1: names of classes. 2: also roles and tags. 3: names of classes, and marks that sending needs: the head
    of a conversation has no link, and member ids are not those of the people.
    """
    if level >= 1:
        page = _CLASSES.sub(_rename, page)
    if level == 2:
        page = _ROLES.sub(r"data-part=\1", page)
        page = _TAGS.sub(r"<\1div", page)
    if level == 3:
        page = _HEAD.sub(r"\1<b>\2</b>", page)
        page = _MEMBER_ID.sub(r"\1x", page)
    return page


def _rename(found: re.Match[str]) -> str:
    names = " ".join(f"x-{name}" for name in found[1].split())
    return f'class="{names}"'


class ChangedPages:
    """The changes that are switched on for one request."""

    def __init__(self, faults: Faults, path: str, language: str) -> None:
        change = faults.take(FaultName.DRIFT, path)
        self._level = int(float(change.value or 0)) if change else 0
        self._faults = faults
        self._path = path
        self._language = language

    def wrap(self, send: Send) -> Send:
        """Return a `send` that changes HTML on its way. Pages are sent in one part."""
        if not self._level and self._faults.peek(FaultName.WALL_IN_PLACE) is None:
            return send
        start: list[Message] = []

        async def changing(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
                return
            begun = start.pop() if start else None
            headers = dict(begun["headers"]) if begun else {}
            kind = headers.get(b"content-type", b"").partition(b";")[0]
            if begun is not None and kind in {b"text/html", b"text/x-fragment"}:
                page = drift(message["body"].decode(), self._level)
                if kind == b"text/html":
                    page += self._wall()
                message["body"] = page.encode()
                headers[b"content-length"] = str(len(message["body"])).encode()
                begun["headers"] = [*headers.items()]
            if begun is not None:
                await send(begun)
            await send(message)

        return changing

    def _wall(self) -> str:
        """Return a script that replaces the page by the challenge, or nothing."""
        fault = self._faults.take(FaultName.WALL_IN_PLACE, self._path)
        if fault is None:
            return ""
        heading, text = (html.escape(TEXTS[self._language][key]) for key in ("challenge", "challenge_text"))
        wall = json.dumps(f"<main><h1>{heading}</h1><p>{text}</p></main>")
        replace = f"() => {{ document.body.innerHTML = {wall}; }}"
        return f"<script>setTimeout({replace}, {float(fault.value or 0)});</script>"
