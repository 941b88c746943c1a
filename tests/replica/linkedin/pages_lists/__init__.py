"""The pages with lists and profiles: feed, birthdays, profile, search, invitations."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.replica.linkedin.shell import Content, respond
from tests.replica.linkedin.world import World


def routes(world: World) -> list[Route]:
    """Return the routes."""

    async def feed(request: Request) -> Response:
        return respond(world, Content("feed", request.url.path, "Feed", "", "Feed"))

    return [Route("/feed/", feed)]
