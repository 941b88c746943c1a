"""The feed, the network page, and the pages that say that there is no such page."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.replica.linkedin.pages_lists.look import Look, load_words, new_key
from tests.replica.linkedin.pages_lists.page import SCREENS, answer_page
from tests.replica.linkedin.pages_lists.tree import Node, append, e
from tests.replica.linkedin.people import MEMBER_SLUG
from tests.replica.linkedin.world import World

_POSTS = (
    "Sign in to your habits: a security check for busy people.",
    "Unusual activity in our garden today.",
    "We reached the weekly invitation limit of our bird house.",
)
"""Posts that quote the words of walls and limits."""


class FeedPages:
    """`/feed/`, `/mynetwork/`, `/404/` and `/in/unavailable/`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route("/feed/", self.feed),
            Route("/mynetwork/", self.network),
            Route("/mynetwork/grow/", self.network),
            Route("/404/", self.not_found),
            Route("/in/unavailable/", self.unavailable),
        ]

    async def feed(self, request: Request) -> Response:
        look = Look(self._world, "feed")
        words = load_words(look.language)
        own = f"/in/{MEMBER_SLUG}/"
        card = e(
            "a",
            self._world.own_name,
            href=own,
            data_view_name="profile-card-profile-link",
            cls="profile-card-profile-link" if look.ember else look.cls("own"),
        )
        posts = [_ember_post(n, text) for n, text in enumerate(_POSTS)] if look.ember else [
            e("div", e("p", text), role="listitem", componentkey=new_key(), cls=look.cls("card"))
            for text in _POSTS
        ]  # fmt: skip
        start = e("button", words["feed_post"], type="button")
        main = e("div", data_testid=None if look.ember else "mainFeed", role="list", ref="feed")
        return answer_page(
            look,
            request,
            words["feed_title"],
            append("main", card, start, main, after_ms=50),
            append("feed", *posts, after_ms=100),
        )

    async def network(self, request: Request) -> Response:
        look = Look(self._world, "birthdays")
        words = look.words("tab_grow")
        main = e("div", e("h2", words), role="main", data_sdui_screen=SCREENS + "mynetwork.Grow")
        links = [
            e("a", look.words("tab_catch_up"), href="/mynetwork/catch-up/all/"),
            e("a", load_words(look.language)["invitations"]["title"], href="/mynetwork/invitation-manager/"),
        ]
        return answer_page(look, request, words, append("main", main, *links, after_ms=50))

    async def not_found(self, request: Request) -> Response:
        return self._gone(request, "not_found", 404)

    async def unavailable(self, request: Request) -> Response:
        return self._gone(request, "unavailable", 200)

    def _gone(self, request: Request, heading: str, status: int) -> Response:
        look = Look(self._world, "profile")
        text = look.words(heading)
        main = e("section", e("h2", text), e("a", "LinkedIn", href="/feed/"))
        return answer_page(look, request, text, append("main", main, after_ms=20), status=status)


def _ember_post(number: int, text: str) -> Node:
    return e("div", e("span", text), cls="feed-shared-update-v2", id=f"ember{200 + number}", role="article")
