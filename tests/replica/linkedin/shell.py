"""What is around every page: the shell of each of the two front ends."""

import json
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.drift import drift
from tests.replica.linkedin.words import NAVIGATION, words_of
from tests.replica.linkedin.world import World

HERE = Path(__file__).parent
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_CURRENT = {"feed": "home", "birthdays": "network", "invitations": "network", "messaging": "messaging"}


@dataclass(frozen=True, slots=True)
class Content:
    """A page for a shell. `page` names it for `World.front_end`; `main` is trusted HTML.

    `screen` is the last part of `data-sdui-screen`. `scripts` are files in `static/`, run in this order with
    `data` as `window.pageData`. `above` is HTML before the main element (a toolbar).
    """

    page: str
    path: str
    title: str
    main: str
    screen: str = ""
    scripts: tuple[str, ...] = ()
    data: object = None
    above: str = ""


def respond(world: World, content: Content, *, front_end: str = "", status: int = 200) -> HTMLResponse:
    """Return the page in the shell of its front end, by default the one that the settings say."""
    chosen = front_end or world.front_end(content.page)
    world.record("page", text=content.path)
    wall = world.faults.take(FaultName.WALL_IN_PLACE, content.path)
    html = TEMPLATES.get_template(f"{chosen}.html").render(
        content=content,
        language=world.language,
        words=words_of(world.language, world.drift),
        navigation=NAVIGATION[world.language],
        current=_CURRENT.get(content.page, ""),
        own_name=world.own_name,
        data=script_json(content.data),
        overlay=script_json(overlay_settings(world, content)),
        wall_ms=None if wall is None else int(float(wall.value or 0)),
        popup=world.faults.take(FaultName.POPUP, content.path) is not None,
    )
    return HTMLResponse(drift(html, world.drift), status)


def bare(template: str, *, status: int = 200, language: str = "en", **values: object) -> HTMLResponse:
    """Return a page without the signed-in navigation."""
    html = TEMPLATES.get_template(template).render(language=language, **values)
    return HTMLResponse(html, status)


def script_json(value: object) -> str:
    """Return JSON that can stand in a script element."""
    return json.dumps(value).replace("<", "\\u003c")


def overlay_settings(world: World, content: Content) -> dict[str, object]:
    """Return what the script of the overlays needs: where they are, and which are open at the start."""
    place = world.faults.peek(FaultName.COMPOSER_PLACE)
    strangers = world.faults.peek(FaultName.STRANGERS_OVERLAY) is not None
    minimised = world.faults.peek(FaultName.MINIMISED_CHAT) is not None
    return {
        "place": str(place.value) if place else "shadow",
        "strangers": [world.people[slug].member_id for slug in ("ben-plain", "cleo-plain")]
        if strangers
        else [],
        "minimised": [world.people["cleo-plain"].member_id] if minimised else [],
        "messaging": content.page == "messaging",
    }
