"""Sign-in, and the pages that ask for a person."""

import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.drift import drift
from tests.replica.linkedin.gate import COOKIE, RESTRICTION_PATH
from tests.replica.linkedin.people import LOGIN, PASSWORD
from tests.replica.linkedin.shell import HERE, bare
from tests.replica.linkedin.words import login_words
from tests.replica.linkedin.world import World

PIN = "482915"
"""What the challenge wants to be told."""


def _let_in(world: World, after: str) -> Response:
    """Start a session that ends after the days of the setting `session_days`; show the page asked for."""
    same_site = after.startswith("/") and not after.startswith(("//", "/\\"))
    answer = RedirectResponse(after if same_site else "/feed/", 303)
    token = secrets.token_urlsafe(32)
    world.record("sign_in", text=token)
    seconds = int(world.settings.get("session_days", "365")) * 86400
    answer.set_cookie(COOKIE, token, max_age=seconds, httponly=True, samesite="lax")
    answer.set_cookie("JSESSIONID", f"ajax:{secrets.randbelow(10**19)}", samesite="lax")
    return answer


def routes(world: World) -> list[Route | Mount]:
    """Return the routes."""

    async def form(request: Request) -> Response:
        after = request.query_params.get("session_redirect", "/feed/")
        return bare(
            "login.html",
            words=login_words(world.language),
            language=world.language,
            after=after,
            refused=False,
        )

    async def sign_in(request: Request) -> Response:
        async with request.form() as given:
            name, password = str(given.get("session_key", "")), str(given.get("session_password", ""))
            after = str(given.get("session_redirect") or "/feed/")
        if (name, password) != (LOGIN, PASSWORD):
            return bare(
                "login.html",
                words=login_words(world.language),
                language=world.language,
                after=after,
                refused=True,
            )
        if world.faults.take(FaultName.CHALLENGE_PAGE, request.url.path):
            return RedirectResponse(f"/checkpoint/challengesV2/{secrets.token_urlsafe(16)}", 303)
        return _let_in(world, after)

    async def challenge(request: Request) -> Response:
        if request.method == "POST":
            async with request.form() as given:
                if given.get("pin") == PIN:
                    return _let_in(world, "/feed/")
        return bare("wall.html", kind="challenge", title="Security Verification | LinkedIn")

    async def script(request: Request) -> Response:
        text = (HERE / "static" / f"{request.path_params['name']}.js").read_text(encoding="utf-8")
        return Response(drift(text, world.drift), media_type="text/javascript")

    return [
        Route("/", lambda _: RedirectResponse("/feed/", 303)),
        Route("/login", form, methods=["GET"]),
        Route("/uas/login", form, methods=["GET"]),
        Route("/login", sign_in, methods=["POST"]),
        Route("/checkpoint/{rest:path}", challenge, methods=["GET", "POST"]),
        Route(RESTRICTION_PATH, lambda _: bare("wall.html", kind="restriction", title="LinkedIn")),
        Route("/authwall", lambda _: bare("wall.html", kind="authwall", title="Sign Up | LinkedIn")),
        Route("/static-replica/{name:str}.js", script),
        Mount("/static-replica", StaticFiles(directory=HERE / "static")),
    ]
