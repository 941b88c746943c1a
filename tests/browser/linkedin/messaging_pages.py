"""Small pages of conversations, made by hand: each test has one with the trap that it is about."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route

OWNER = "ACoAA" + "Owner" + "x" * 29
ADA = "ACoAA" + "Ada" + "A" * 31
JO = "ACoAA" + "Jo" + "j" * 32
CONVERSATION = "0b5e1c2a-1111-4222-8333-444455556666_100"
OTHER_CONVERSATION = "9b5e1c2a-1111-4222-8333-444455556666_100"
BASE = "http://linkedin.test"


def member(identifier: str) -> str:
    return f"https://www.linkedin.com/in/{identifier}/"


def urn(at: datetime, conversation: str = CONVERSATION, number: int = 12345) -> str:
    ms = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    token = f"{ms}b{number}-100&{conversation}"
    return f"urn:li:msg_message:(urn:li:fsd_profile:{OWNER},2-{base64.b64encode(token.encode()).decode()})"


def thread_path(conversation: str = CONVERSATION) -> str:
    return f"/messaging/thread/2-{base64.b64encode(conversation.encode()).decode()}/"


def bubble(text: str, at: datetime, *, theirs: bool = False, conversation: str = CONVERSATION) -> str:
    kind = " msg-s-event-listitem--other" if theirs else ""
    return (
        f'<li class="msg-s-message-list__event"><div class="msg-s-event-listitem{kind}" '
        f'data-event-urn="{urn(at, conversation)}"><p class="msg-s-event-listitem__body">{text}</p>'
        "</div></li>"
    )


def head(identifier: str = ADA, name: str = "Ada Example") -> str:
    return (
        f'<div class="msg-title-bar"><a class="msg-thread__link-to-profile" '
        f'href="https://www.linkedin.com/in/{identifier}" title="Open profile"><h2>{name}</h2></a></div>'
    )


def pill(name: str = "Ada Example") -> str:
    return (
        f'<div class="msg-connections-typeahead__added-recipients"><button aria-label="Remove {name}">'
        f"<span>{name}</span></button></div>"
    )


SEND = '<button class="msg-form__send-button" type="submit" disabled>Send</button>'


def composer(draft: str = "<p><br></p>", send: str = SEND, extra: str = "") -> str:
    return (
        '<form class="msg-form"><div class="msg-form__contenteditable" role="textbox" contenteditable="true" '
        f'aria-multiline="true" aria-label="Write a message…">{draft}</div>{extra}'
        f'<button type="button" class="msg-form__emoji">:)</button>{send}</form>'
    )


def pane(whom: str, messages: str = "", form: str | None = None) -> str:
    return (
        f'<div class="msg-convo-wrapper">{whom}'
        f'<div class="msg-s-message-list"><ul class="msg-s-message-list-content">{messages}</ul></div>'
        f"{composer() if form is None else form}</div>"
    )


def overlay(whom: str, messages: str = "", form: str | None = None, kind: str = "") -> str:
    return (
        f'<div class="msg-convo-wrapper msg-overlay-conversation-bubble {kind}" role="dialog">'
        f'<h2 class="msg-overlay-bubble-header__title">{whom}</h2>'
        f"<ul>{messages}</ul>{composer() if form is None else form}</div>"
    )


def inbox_row(name: str, time: str, snippet: str, *, unread: bool = False) -> str:
    kind = "msg-conversation-card__convo-item-container--unread" if unread else ""
    return (
        f'<li class="msg-conversation-listitem"><div class="msg-conversation-listitem__link {kind}">'
        f'<h3 class="msg-conversation-listitem__participant-names">{name}</h3>'
        f'<time class="msg-conversation-listitem__time-stamp">{time}</time>'
        f'<p class="msg-conversation-card__message-snippet">{snippet}</p></div></li>'
    )


def page(main: str, *, beside: str = "", script: str = "", lang: str = "en") -> str:
    """Return a page whose Send button answers to input, and which notes what was sent and pressed."""
    return f"""<!doctype html><html lang="{lang}"><title>Messaging</title>
<body class="render-mode-BIGPIPE ember-application">
<header id="global-nav"><nav class="global-nav__nav"><a href="/messaging/">Messaging</a></nav></header>
<main>{main}</main>{beside}
<script>
window.sent = []; window.enters = 0;
document.addEventListener("keydown", (e) => {{ if (e.key === "Enter") window.enters++; }}, true);
document.addEventListener("input", (e) => {{
  const form = e.composedPath()[0].closest("form");
  const send = form && form.querySelector("[type=submit]");
  if (send) send.disabled = !e.composedPath()[0].innerText.trim();
}}, true);
window.lines = (box) => [...box.querySelectorAll("p")].map((p) => p.innerText.trim()).join("\\n");
window.serverId = (at = Date.now(), conversation = "{CONVERSATION}", n = 777) =>
  `urn:li:msg_message:(urn:li:fsd_profile:{OWNER},2-${{btoa(`${{at}}b${{n}}-100&${{conversation}}`)}})`;
window.add = (text, id, other = "") => {{
  const li = document.createElement("li");
  const body = `<p class="msg-s-event-listitem__body"></p>`;
  li.innerHTML = `<div class="msg-s-event-listitem ${{other}}">${{body}}</div>`;
  li.firstChild.dataset.eventUrn = id;
  li.querySelector("p").innerText = text;
  document.querySelector("main ul.msg-s-message-list-content").append(li);
  return li.firstChild;
}};
window.forget = (row) => setTimeout(() => row.parentElement.remove(), 600);
window.onSend = (text) => {{
  const row = add(text, "client-1");
  setTimeout(() => {{
    row.dataset.eventUrn = serverId();
    if (location.search) history.replaceState(null, "", "{thread_path()}");
  }}, 300);
}};
document.addEventListener("submit", (e) => {{
  e.preventDefault();
  const box = e.target.querySelector("[contenteditable]");
  const text = lines(box);
  window.sent.push(text);
  box.innerHTML = "<p><br></p>";
  window.onSend(text);
}});
{script}
</script></body></html>"""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def js(text: str) -> str:
    return json.dumps(text)


class Pages:
    """The pages that the browser gets, by path; any other path is a page that doesn't exist."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.bodies: dict[str, str] = {}
        self.opened: list[str] = []

    def answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if route.request.resource_type == "document" and route.request.frame is self.page.main_frame:
            self.opened.append(address.path + (f"?{address.query}" if address.query else ""))
        body = self.bodies.get(address.path)
        route.fulfill(status=200 if body else 404, body=body or "", content_type="text/html; charset=utf-8")
