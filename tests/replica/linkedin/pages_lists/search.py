"""People search: ten rows a page, whose actions come after the text."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.pages_lists.look import Look, new_key
from tests.replica.linkedin.pages_lists.page import SCREENS, answer_page
from tests.replica.linkedin.pages_lists.search_rows import (
    HIDDEN_ROW,
    PREMIUM_AFTER,
    blurred_rows,
    ember_action,
    ember_row,
    limit_notice,
    premium_card,
    sdui_action,
    sdui_row,
)
from tests.replica.linkedin.pages_lists.tree import Effect, Node, append, before, e, remove, replace
from tests.replica.linkedin.people import MEMBER_NAME, MEMBER_SLUG, OWN_ID, Person
from tests.replica.linkedin.world import World

PAGE_SIZE = 10
_LAST_PAGE = 100
_DEGREES = {"F": 1, "S": 2, "O": 3}
"""What `network` in the address means."""
_PATH = "/search/results/people/"
_OWN = Person(MEMBER_SLUG, MEMBER_NAME, "Keeps in touch", 0, member_id=OWN_ID)


class SearchPages:
    """`/search/results/people/?keywords=…&page=N`.

    Settings: `search.view_names` "1" (as in 2025); `search.upsell` "1" (the limit's text among normal rows).
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [Route(_PATH, self.page)]

    async def page(self, request: Request) -> Response:
        look = Look(self._world, "search")
        title = look.words("title")
        frame = append("main", _frame(look), after_ms=80)
        if self._world.has_fault(FaultName.LIST_NEVER_FILLS, path=request.url.path):
            return answer_page(look, request, title, frame)
        if self._world.has_fault(FaultName.SEARCH_LIMIT, path=request.url.path):
            shown = limit_notice(look), *blurred_rows(look)
            return answer_page(look, request, title, frame, replace("loader", *shown, after_ms=120))
        number = _page_number(request)
        found = self._find(request)
        people = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        if not people:
            return answer_page(look, request, title, frame, replace("loader", _nothing(look), after_ms=120))
        rows, actions = self._rows(look, request, people, first_page=number == 1)
        pages = min(_LAST_PAGE, -(-len(found) // PAGE_SIZE))
        return answer_page(
            look,
            request,
            title,
            frame,
            append("count", look.words("results", n=look.number(len(found))), after_ms=80),
            before("loader", *rows[:5], after_ms=80),
            before("loader", *rows[5:], after_ms=100),
            remove("loader"),
            append("below", _paging(look, request, number, pages), after_ms=50),
            *actions,
        )

    def _find(self, request: Request) -> list[Person | None]:
        """Return who fits the words, with a hidden member among them; None stands for that one."""
        asked = request.query_params
        wanted = [_words(one) for one in asked.get("keywords", "").split(" OR ")]
        degrees = {_DEGREES[letter] for letter in _DEGREES if f'"{letter}"' in asked.get("network", "")}
        everybody = [_OWN, *(one for one in self._world.people.values() if not one.deleted)]
        found: list[Person | None] = [
            one
            for one in everybody
            if any(all(word in f"{one.name} {one.headline}".lower() for word in words) for words in wanted)
            and (not degrees or one.degree in degrees)
        ]
        if len(found) > HIDDEN_ROW:
            found.insert(HIDDEN_ROW, None)
        return found

    def _rows(
        self, look: Look, request: Request, people: list[Person | None], *, first_page: bool
    ) -> tuple[list[Node], list[Effect]]:
        here = f"{request.url.path}?{request.url.query}"
        mutual = [self._world.people[slug] for slug in ("ada-example", "omar-sample")]
        rows: list[Node] = []
        actions: list[Effect | None] = []
        for n, person in enumerate(people):
            number = n if first_page else n + PAGE_SIZE
            if look.ember:
                rows.append(ember_row(look, person, number))
                actions.append(None if person is None else ember_action(look, person, number))
                continue
            if first_page and n == PREMIUM_AFTER:
                rows.append(premium_card(look))
            rows.append(sdui_row(look, person, number, mutual))
            actions.append(None if person is None else sdui_action(look, person, number, here))
        pause = Effect("wait", after_ms=250)
        return rows, [pause, *(one for one in actions if one is not None)]


def _words(alternative: str) -> list[str]:
    """Return the words that somebody must have, without quotes, brackets and AND."""
    return [word.strip('"()').lower() for word in alternative.split() if word != "AND"]


def _page_number(request: Request) -> int:
    given = request.query_params.get("page", "1")
    return max(1, int(given)) if given.isdecimal() else 1


def _frame(look: Look) -> Node:
    count = e("h2", ref="count")
    if look.ember:
        items = e("ul", e("li", ref="loader", cls="artdeco-loader"), role="list", cls="list-style-none")
        return e(
            "div", count, e("div", items, cls="search-results-container"), e("div", ref="below"), id="ember77"
        )
    items = e("div", e("div", ref="loader", cls=look.cls("loader")), role="list")
    column = e("div", count, items, e("div", ref="below"), data_testid="lazy-column")
    return e(
        "div",
        column,
        role="main",
        data_sdui_screen=f"{SCREENS}search.SearchResultsPeople",
        componentkey=new_key(),
    )


def _nothing(look: Look) -> Node:
    kind = "artdeco-empty-state" if look.ember else look.cls("empty")
    return e("section", e("h2", look.words("none")), e("p", look.words("none_hint")), cls=kind)


def _paging(look: Look, request: Request, number: int, pages: int) -> Node:
    def go(page: int) -> tuple[Effect, ...]:
        query = dict(request.query_params) | {"page": str(page)}
        return (Effect("go", value=f"{_PATH}?{urlencode(query)}"),)

    buttons = [
        e(
            "li",
            e(
                "button",
                e("span", str(n)),
                type="button",
                aria_label=look.words("page", n=str(n)),
                aria_current="true" if n == number else None,
                on={"click": go(n)},
            ),
            data_test_pagination_page_btn=str(n) if look.ember else None,
        )
        for n in range(1, pages + 1)
    ]
    more = number < pages
    if look.ember:
        following = e(
            "button",
            e("span", look.words("next"), cls="artdeco-button__text"),
            aria_label=look.words("next"),
            cls="artdeco-pagination__button artdeco-pagination__button--next",
            disabled=not more,
            on={"click": go(number + 1)},
        )
        return e(
            "div", e("ul", buttons, cls="artdeco-pagination__pages"), following, cls="artdeco-pagination"
        )
    state = "visible" if more else "hidden"
    following = e(
        "button",
        e("span", look.words("next")),
        type="button",
        data_testid=f"pagination-controls-next-button-{state}",
        style=None if more else "visibility:hidden",
        on={"click": go(number + 1)} if more else None,
    )
    return e("div", e("ul", buttons, data_testid="pagination-controls-list"), following)
