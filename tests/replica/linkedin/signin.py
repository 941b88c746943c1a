"""Sign-in, and the pages that ask for a person."""

import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.replica.linkedin.drift import drift
from tests.replica.linkedin.gate import COOKIE, RESTRICTION_PATH
from tests.replica.linkedin.people import LOGIN, PASSWORD
from tests.replica.linkedin.shell import HERE, bare
from tests.replica.linkedin.world import World

_YEAR_SECONDS = 365 * 86400


def routes(world: World) -> list[Route | Mount]:
    """Return the routes."""

    async def form(request: Request) -> Response:
        after = request.query_params.get("session_redirect", "/feed/")
        return bare("login.html", language=world.language, after=after, refused=False)

    async def sign_in(request: Request) -> Response:
        async with request.form() as given:
            name, password = str(given.get("session_key", "")), str(given.get("session_password", ""))
            after = str(given.get("session_redirect") or "/feed/")
        if (name, password) != (LOGIN, PASSWORD):
            return bare("login.html", language=world.language, after=after, refused=True)
        answer = RedirectResponse(
            after if after.startswith("/") and after[1:2] not in "/\\" else "/feed/", 303
        )
        token = secrets.token_urlsafe(32)
        world.record("sign_in", text=token)
        answer.set_cookie(COOKIE, token, max_age=_YEAR_SECONDS, httponly=True, samesite="lax")
        answer.set_cookie("JSESSIONID", f"ajax:{secrets.randbelow(10**19)}", samesite="lax")
        return answer

    async def challenge(_: Request) -> Response:
        return bare("wall.html", kind="challenge", title="Security Verification | LinkedIn")

    async def restriction(_: Request) -> Response:
        return bare("wall.html", kind="restriction", title="LinkedIn")

    async def authwall(_: Request) -> Response:
        return bare("wall.html", kind="authwall", title="Sign Up | LinkedIn")

    async def script(request: Request) -> Response:
        text = (HERE / "static" / f"{request.path_params['name']}.js").read_text(encoding="utf-8")
        return Response(drift(text, world.drift), media_type="text/javascript")

    return [
        Route("/", lambda _: RedirectResponse("/feed/", 303)),
        Route("/login", form, methods=["GET"]),
        Route("/uas/login", form, methods=["GET"]),
        Route("/login", sign_in, methods=["POST"]),
        Route("/checkpoint/{rest:path}", challenge, methods=["GET", "POST"]),
        Route(RESTRICTION_PATH, restriction),
        Route("/authwall", authwall),
        Route("/static-replica/{name:str}.js", script),
        Mount("/static-replica", StaticFiles(directory=HERE / "static")),
    ]
