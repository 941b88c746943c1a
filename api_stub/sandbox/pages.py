"""Sign-in, feed, birthdays, people search and profiles."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import date
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api_stub.sandbox.faults import FaultName, Faults
from api_stub.sandbox.formatting import PageFormat, PersonLine
from api_stub.sandbox.gate import CHALLENGE_PATH, COOKIE, safe_next
from api_stub.sandbox.population.members import DAYS_SHOWN, MEMBERS, Person
from api_stub.sandbox.population.store import SEARCH_TERMS, connection_degree
from api_stub.sandbox.render import render_notice, render_page, session_of
from api_stub.sandbox.state import State
from api_stub.sandbox.texts import TEXTS, format_birthday_line

RESULTS_PER_PAGE = 10
MAX_PAGES = 100
"""As on real sites. A narrower search is needed for more."""

INITIALLY_SHOWN = {"about": 240, "jobs": 3, "schools": 2, "skills": 5, "certificates": 2, "spoken": 3}
"""How much of each section a profile shows at first: characters or entries."""


class Pages:
    """The pages with an address of their own."""

    def __init__(self, state: State, faults: Faults, today: Callable[[], date]) -> None:
        self._state = state
        self._faults = faults
        self._today = today

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", lambda _: RedirectResponse("/feed/", 303)),
            Route("/login", self.login_form, methods=["GET"]),
            Route("/login", self.login, methods=["POST"]),
            Route("/logout", self.logout, methods=["POST"]),
            Route(CHALLENGE_PATH, lambda _: render_notice("challenge", None)),
            Route("/feed/", self.feed),
            Route("/birthdays/", self.birthdays),
            Route("/search/people/", self.search),
            Route("/in/{slug}/", self.profile),
        ]

    async def login_form(self, request: Request) -> Response:
        """Show the sign-in form."""
        return render_page(
            "login.html", None, {"next": safe_next(request.query_params.get("next")), "refused": False}
        )

    async def login(self, request: Request) -> Response:
        """Set a cookie and redirect to the requested page; with a wrong password, show the form again."""
        async with request.form() as form:
            name, password, after = (str(form.get(field, "")) for field in ("name", "password", "next"))
        member = MEMBERS.get(name)
        if member is None or not secrets.compare_digest(member.password.encode(), password.encode()):
            return render_page("login.html", None, {"next": safe_next(after), "refused": True}, status=401)
        answer = RedirectResponse(safe_next(after), 303)
        token = self._state.sign_in(member.login).token
        answer.set_cookie(COOKIE, token, max_age=30 * 86400, httponly=True, samesite="lax")
        return answer

    async def logout(self, request: Request) -> Response:
        """End this session."""
        self._state.sign_out(session_of(request).token)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    async def feed(self, request: Request) -> Response:
        """Show the page after signing in."""
        return self._page(request, "feed.html", people=self._state.friends()[-6:])

    async def birthdays(self, request: Request) -> Response:
        """Show today's birthdays and those of the days before, latest first."""
        session, today = session_of(request), self._today()
        language = session.language
        known = self._state.list_connections(session.member)
        dated = [(p.latest_birthday(today), p) for p in self._state.friends() if p.slug in known]
        shown = [(on, p) for on, p in dated if (today - on).days <= DAYS_SHOWN]
        shown.sort(key=lambda pair: pair[0], reverse=True)
        lines: list[tuple[date, tuple[Person, str]]] = [
            (on, (person, format_birthday_line(language, on, today))) for on, person in shown
        ]
        words = TEXTS[language]
        groups = [
            (words["today"], [card for on, card in lines if on == today]),
            (words["earlier"], [card for on, card in lines if on < today]),
        ]
        member_ids = {person.slug: self._state.member_id(person.slug) for _, person in shown}
        return self._page(request, "birthdays.html", groups=groups, member_ids=member_ids)

    async def search(self, request: Request) -> Response:
        """Show ten search results, `?page=N`, with a link to the next ten; none after a hundred pages."""
        session, given = session_of(request), request.query_params
        terms = {term: given[term] for term in SEARCH_TERMS if given.get(term)}
        page_given = given.get("page", "1")
        number = int(page_given) if re.fullmatch(r"[1-9][0-9]{0,5}", page_given) else 1
        found = (
            self._state.search_people(
                terms, offset=(number - 1) * RESULTS_PER_PAGE, limit=RESULTS_PER_PAGE + 1
            )
            if number <= MAX_PAGES
            else []
        )
        known = self._state.list_connections(session.member)
        lines = [
            PersonLine(p, connection_degree(session.member, p.slug, known)) for p in found[:RESULTS_PER_PAGE]
        ]
        more = len(found) > RESULTS_PER_PAGE and number < MAX_PAGES
        following = search_address(terms, number + 1) if more else None
        return self._page(
            request, "search.html", seen=search_address(terms, number), lines=lines, following=following
        )

    async def profile(self, request: Request) -> Response:
        """Show a person's profile, with a button to write to them or to connect.

        The address by member id leads to the one by slug.
        """
        session = session_of(request)
        person = self._state.person(request.path_params["slug"])
        if person is None and (slug := self._state.find_member(request.path_params["slug"])):
            return RedirectResponse(f"/in/{quote(slug)}/", 302)
        if person is None:
            return render_notice("gone", session, status=404)
        known = self._state.list_connections(session.member)
        others = [p for p in self._state.friends() if p.slug in known and p.slug != person.slug][:3]
        line = PersonLine(person, connection_degree(session.member, person.slug, known))
        return self._page(
            request, "profile.html", person=person, line=line, others=others, shown=INITIALLY_SHOWN,
            member_id=self._state.member_id(person.slug),
        )  # fmt: skip

    def _page(
        self, request: Request, template: str, *, seen: str | None = None, **values: object
    ) -> Response:
        """Render a page and count a view of `seen`, by default the path."""
        session, path = session_of(request), request.url.path
        self._state.count_view(session.member, seen or path)
        popup = self._faults.take(FaultName.POPUP, path) is not None
        markup = self._faults.markup()
        show = PageFormat(session.language, self._today(), in_full=markup == "d")
        common = {"popup": popup, "markup": markup, "simple": self._faults.two_variant_markup(), "show": show}
        return render_page(template, session, {**common, **values})


def search_address(terms: Mapping[str, str], number: int) -> str:
    """Return the address of a result page, always the same for the same terms."""
    given = {term: terms[term] for term in SEARCH_TERMS if term in terms}
    return f"/search/people/?{urlencode({**given, 'page': number})}"
