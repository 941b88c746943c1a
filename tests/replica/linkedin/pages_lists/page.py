"""Answers: a page in its shell that a script fills, and the later parts that the script asks for."""

import json

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tests.replica.linkedin.drift import drift
from tests.replica.linkedin.pages_lists.drift import drifted_effects
from tests.replica.linkedin.pages_lists.look import Look
from tests.replica.linkedin.pages_lists.tree import Effect, effects_to_json
from tests.replica.linkedin.shell import Content, respond

SCREENS = "com.linkedin.sdui.flagshipnav."
PARTS = "/flagship-web/rsc-action/actions/"
"""Where the script of the newer front end asks for the later parts of a page."""
EMBER_PARTS = "/voyager/api/replica/"
"""The same of the older front end."""


def answer_page(
    look: Look, request: Request, title: str, *effects: Effect, status: int = 200
) -> HTMLResponse:
    """Return the shell of the page and the effects that fill it."""
    content = Content(
        page=look.page,
        path=request.url.path,
        title=title,
        main=f"<style>{_style(look)}</style>",
        scripts=("build.js",),
        data=effects_to_json(drifted_effects(effects, look.drift)),
    )
    return respond(look.world, content, status=status)


def answer_part(look: Look, *effects: Effect) -> Response:
    """Return effects as JSON, drifted as the page is."""
    text = json.dumps(effects_to_json(drifted_effects(effects, look.drift)))
    return Response(drift(text, look.drift), media_type="application/json")


def _style(look: Look) -> str:
    """Return the rules of the hashed classes. In the newer front end `main` scrolls, not the window."""
    rules = [
        f".{look.cls('hidden')} {{ display: none }}",
        f".{look.cls('shown')} {{ display: contents }}",
        f".{look.cls('capitals')} {{ text-transform: uppercase }}",
        f".{look.cls('blurred')} {{ filter: blur(6px) }}",
        f".{look.cls('card')} {{ min-height: 112px; display: block }}",
        f".{look.cls('holder')} {{ min-height: 260px }}",
        f".{look.cls('clamp')} {{ display: block; max-height: 2.4em; overflow: hidden }}",
        f".{look.cls('sticky')} {{ position: sticky; top: 0; background: #fff; z-index: 3 }}",
    ]
    if not look.ember:
        rules.append("main { height: calc(100vh - 80px); overflow-y: auto; position: relative }")
    return "\n".join(rules)
