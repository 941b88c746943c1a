"""The pages with lists and profiles: feed, birthdays, profile, search, invitations."""

from starlette.routing import Route

from tests.replica.linkedin.world import World


def routes(world: World) -> list[Route]:
    """Return the routes."""
    return []
