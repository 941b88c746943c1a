"""Profiles: by slug, by member id, the member's own, and the details pages."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tests.replica.linkedin.pages_lists.look import Look, slug_path
from tests.replica.linkedin.pages_lists.page import PARTS, answer_page, answer_part
from tests.replica.linkedin.pages_lists.profile_details import (
    DETAILS,
    detail_items,
)
from tests.replica.linkedin.pages_lists.profile_ember import ember_items, ember_profile, ember_sections
from tests.replica.linkedin.pages_lists.profile_facts import facts_of
from tests.replica.linkedin.pages_lists.profile_sections import holders, part_of
from tests.replica.linkedin.pages_lists.profile_top import (
    frame,
    is_own,
    menu,
    strangers,
    toolbar,
    top_card,
)
from tests.replica.linkedin.pages_lists.tree import Call, Effect, append, e, fill, remove
from tests.replica.linkedin.people import MEMBER_NAME, MEMBER_SLUG, OWN_ID, Person
from tests.replica.linkedin.world import World

_OWN = Person(MEMBER_SLUG, MEMBER_NAME, "Keeps in touch", 0, member_id=OWN_ID)


class ProfilePages:
    """`/in/…/` and below.

    Settings: `profile.heading` "h1"; `profile.wrapper` "1" (as in March 2026); `profile.message` "button";
    `profile.fill` "never" (only the shell); `profile.redirect` "script" (of addresses by member id);
    `profile.self_parameter` "0" (an address without `?isSelfProfile`).
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route("/in/me/", self.me),
            Route("/in/{key}/", self.page),
            Route("/in/{key}", self.page),
            Route("/in/{key}/details/{section}/", self.details),
            Route(f"{PARTS}profile-part", self.part),
            Route(f"{PARTS}profile-menu", self.menu),
            Route(f"{PARTS}profile-overlay", self.overlay),
            Route(f"{PARTS}profile-details", self.detail_rows),
        ]

    async def me(self, _: Request) -> Response:
        return RedirectResponse(f"/in/{MEMBER_SLUG}/", 302)

    async def page(self, request: Request) -> Response:
        key = request.path_params["key"]
        person = self._find(key)
        if person is None:
            known = key in self._world.people or self._world.by_id(key) is not None
            return RedirectResponse("/in/unavailable/" if known else "/404/", 302)
        look = Look(self._world, "profile")
        if key == person.member_id and look.setting("redirect") == "script":
            return answer_page(look, request, "LinkedIn", Effect("go", value=slug_path(person), after_ms=80))
        if key == person.member_id:
            return RedirectResponse(slug_path(person), 302)
        if not is_own(person):
            self._world.record("visit", person.slug)
        if look.ember:
            profile = ember_profile(look, person, facts_of(person))
            return answer_page(look, request, person.name, append("main", profile, after_ms=80))
        return answer_page(look, request, person.name, *self._parts(look, person))

    def _parts(self, look: Look, person: Person) -> list[Effect]:
        """Return the parts of a profile of the newer front end, in the order in which they come."""
        parts = [append("main", frame(look, person), after_ms=60)]
        if not is_own(person) and look.setting("self_parameter") != "0":
            parts.append(Effect("address", value=f"{slug_path(person)}?isSelfProfile=false"))
        if look.setting("fill") == "never":
            return parts
        if not is_own(person):
            above = strangers(look, look.words("also_viewed"), self._others(person)[3:5])
            parts.append(append("column", above, after_ms=60))
        return [
            *parts,
            append("column", top_card(look, person, facts_of(person)), after_ms=40),
            append("above", toolbar(look, person), after_ms=20),
            append("column", *holders(look, person), after_ms=80),
        ]

    async def part(self, request: Request) -> Response:
        look = Look(self._world, "profile")
        person = self._find(request.query_params.get("id", ""))
        part = request.query_params.get("part", "")
        if person is None:
            return Response(status_code=404)
        facts = facts_of(person)
        if part == "ember":
            return answer_part(look, fill("holder-ember", *ember_sections(look, person, facts), after_ms=100))
        nodes = part_of(look, person, facts, part, self._others(person))
        return answer_part(look, fill(f"holder-{part}", *nodes, after_ms=100))

    async def menu(self, request: Request) -> Response:
        look = Look(self._world, "profile")
        person = self._find(request.query_params.get("id", ""))
        if person is None:
            return Response(status_code=404)
        return answer_part(look, remove("menu"), append("body", menu(look, person), after_ms=50))

    async def overlay(self, request: Request) -> Response:
        look = Look(self._world, "profile")
        return answer_part(
            look, Effect("overlay", value={"recipient": request.query_params.get("id", ""), "body": ""})
        )

    async def details(self, request: Request) -> Response:
        look = Look(self._world, "profile")
        person = self._find(request.path_params["key"])
        section = request.path_params["section"]
        if person is None or section not in DETAILS:
            return RedirectResponse("/404/", 302)
        name = section if section != "honors" else "certifications"
        rows = e(
            "ul" if section in {"skills", "languages"} else "div",
            ref="rows",
            cls=look.cls("holder"),
            on={"visible": Call(f"{PARTS}profile-details?id={quote(person.member_id)}&section={section}")},
        )
        column = e("div", e("section", e("h2", look.words(name)), rows), data_testid="lazy-column")
        return answer_page(look, request, person.name, append("main", column, after_ms=100))

    async def detail_rows(self, request: Request) -> Response:
        look = Look(self._world, "profile")
        person = self._find(request.query_params.get("id", ""))
        if person is None:
            return Response(status_code=404)
        section, facts = request.query_params.get("section", ""), facts_of(person)
        rows = ember_items(look, facts, section) if look.ember else detail_items(look, person, facts, section)
        return answer_part(
            look, append("rows", *rows[:3], after_ms=80), append("rows", *rows[3:], after_ms=80)
        )

    def _find(self, key: str) -> Person | None:
        return _OWN if key in {MEMBER_SLUG, OWN_ID} else self._world.find(key)

    def _others(self, person: Person) -> list[Person]:
        """Return five other people, whose tiles stand around the profile."""
        others = [one for one in self._world.people.values() if one.slug != person.slug and not one.deleted]
        return [one for one in others if one.birthday is None][:5]
