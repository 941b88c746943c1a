"""The lists of the replica: feed, birthdays, profiles, people search, invitations."""

from starlette.routing import Route

from tests.replica.linkedin.pages_lists.birthdays import BirthdayPages
from tests.replica.linkedin.pages_lists.feed import FeedPages
from tests.replica.linkedin.pages_lists.invitations import InvitationPages
from tests.replica.linkedin.pages_lists.profile import ProfilePages
from tests.replica.linkedin.pages_lists.search import SearchPages
from tests.replica.linkedin.world import World


def routes(world: World) -> list[Route]:
    """Return the routes of every page of lists. Pages of exact addresses come before profiles."""
    return [
        *FeedPages(world).routes(),
        *BirthdayPages(world).routes(),
        *SearchPages(world).routes(),
        *InvitationPages(world).routes(),
        *ProfilePages(world).routes(),
    ]
