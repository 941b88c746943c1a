"""Birthdays and sent invitations on small pages made by hand, in both front ends."""

# ruff: noqa: RUF001 -- the apostrophes are what pages write

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Route

from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.pool import BrowserPool
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.rules.model import BirthdayCard, SentInvitation

BASE = "http://127.0.0.1:9"
"""No server is there: the browser's requests are answered by the test."""
TODAY = date(2026, 11, 18)
BIRTHDAYS, OLD_BIRTHDAYS = (
    "/mynetwork/catch-up/birthday/",
    "/mynetwork/invite-connect/celebrations/birthdays/",
)
SENT = "/mynetwork/invitation-manager/sent/"
ORIGIN = "https://www.linkedin.com"
TODAYS, LATE = "Je vous souhaite un très joyeux anniversaire.", "Joyeux anniversaire avec un peu de retard !"


class Pages:
    """The pages that the browser gets, by path; any other path is a page that doesn't exist."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab
        self.bodies: dict[str, str] = {}

    def set(self, path: str, main: str, *, language: str = "en", script: str = "") -> None:
        self.bodies[path] = (
            f"<!doctype html><html lang={language}><title>LinkedIn</title><body>"
            "<header><nav data-testid=primary-nav><a aria-current=true href=/feed/>Home</a></nav></header>"
            f"<main id=workspace>{main}</main><script>{script}</script></body></html>"
        )

    def answer(self, route: Route) -> None:
        body = self.bodies.get(urlsplit(route.request.url).path)
        route.fulfill(status=200 if body else 404, body=body or "", content_type="text/html; charset=utf-8")


@pytest.fixture
def pages(browser_pool: BrowserPool) -> Iterator[Pages]:
    pages = Pages(browser_pool.page_for(301, None))
    pages.tab.route("**/*", pages.answer)
    yield pages
    with suppress(PlaywrightError):
        pages.tab.goto("about:blank")
    pages.tab.unroute("**/*", pages.answer)


@pytest.fixture
def site(pages: Pages) -> LinkedInSite:
    return LinkedInSite(pages.tab, BASE, timedelta(seconds=1), proof_wait=timedelta(seconds=1))


def member(slug: str) -> str:
    return ("ACoAA" + re.sub(r"\W", "", slug) + "x" * 40)[:39]


def by_slug(slug: str) -> str:
    return f"{ORIGIN}/in/{slug}/"


def by_id(slug: str) -> str:
    return f"{ORIGIN}/in/{member(slug)}/"


def greeting(
    slug: str, name: str, wish: str, *, profile: str | None = None, occasion: str = "BIRTHDAY"
) -> str:
    urn = quote(f"urn:li:fsd_profile:{member(profile or slug)}", safe="")
    href = (
        f"/messaging/compose/?profileUrn={urn}&recipient={member(slug)}"
        f"&propUrn=urn%3Ali%3Aprop%3A%28{occasion}%2C_1%29&body={quote(wish)}&interop=msgOverlay"
    )
    return f'<a href="{href}" aria-label="Envoyer un message à {name} : {wish}">{wish}</a>'


def card(slug: str, name: str, sentence: str, button: str) -> str:
    return f"""<div data-display-contents=true style="display: contents"><div role=listitem>
      <a href="{by_slug(slug)}"><figure role=image aria-label="Photo de profil de {name}"></figure></a>
      <p>{name}</p><p>{sentence}</p><button aria-label="Menu des préférences">x</button>
      {button}</div></div>"""


def today_card(slug: str, name: str) -> str:
    first = name.rsplit(" ", 1)[0]
    words = f"Célébrez l’anniversaire de {first}<span> </span><strong>aujourd’hui</strong>"
    return card(slug, name, words, greeting(slug, name, TODAYS))


def late_card(slug: str, name: str, day: str) -> str:
    words = f"Célébrez l’anniversaire récent de {name.split(maxsplit=1)[0]} le {day}"
    return card(slug, name, words, greeting(slug, name, LATE))


GAMES = """<div data-testid=carousel><p>77 relations ont résolu ces casse-têtes</p><div role=list>
  <a href=/games/zip/>Zip</a><button>Jouer</button></div></div>"""
AD = "<div role=listitem><p>Faites-vous connaître aujourd’hui</p><a href=/ads/>Voir</a></div>"
WALL = "document.body.insertAdjacentHTML('beforeend', '<i id=rememberme-div>x</i>');"
TABS = "<div><button>Tout</button><button aria-current=true>Anniversaires</button></div>"


def page_of(cards: str, more: str = "") -> str:
    return f"""<div role=main data-sdui-screen="com.linkedin.sdui.mynetwork.CatchUpBirthday">{TABS}
      <div role=list data-testid=lazy-column>{cards}{more}</div></div>"""


def refused(site: LinkedInSite) -> RapportError:
    with pytest.raises(RapportError) as failed:
        site.birthdays(TODAY)
    return failed.value


def test_birthdays_are_read_with_id_name_and_day_past_games_advertisements_and_other_occasions(
    pages: Pages, site: LinkedInSite
) -> None:
    other = card(
        "zoe", "Zoe Other", "Félicitez Zoe aujourd’hui", greeting("zoe", "Zoe", "Bravo", occasion="WORK")
    )
    sort = "<button onclick='document.title = 1'>Trier</button>"
    first = sort + today_card("ada-example", "🔥 Ada Example 🚀") + GAMES + AD + other
    more = today_card("ada-example", "🔥 Ada Example 🚀") + late_card(
        "l%C3%A9a-sample", "Léa Sample", "10 nov."
    )
    script = f"""document.querySelector("#more").onclick = (event) => setTimeout(() => {{
      event.target.insertAdjacentHTML("beforebegin", {json.dumps(more)}); event.target.remove(); }}, 50);"""
    pages.set(
        BIRTHDAYS,
        page_of(first, "<button id=more type=button>Charger plus</button>"),
        language="fr",
        script=script,
    )
    assert site.birthdays(TODAY) == [
        BirthdayCard(by_slug("ada-example"), "🔥 Ada Example 🚀", TODAY, by_id("ada-example")),
        BirthdayCard(by_slug("l%C3%A9a-sample"), "Léa Sample", date(2026, 11, 10), by_id("l%C3%A9a-sample")),
    ]
    assert pages.tab.title() == "LinkedIn"  # only the button below the cards was clicked


def test_the_older_form_with_a_button_is_read_without_an_id_from_the_older_address(
    pages: Pages, site: LinkedInSite
) -> None:
    pages.set(
        OLD_BIRTHDAYS,
        """<ul><li><article class=props-s-card><a href="/in/jo-sample/"><img alt="Jo Sample"></a>
        <h3>Jo Sample</h3><span style="display: block">Celebrate Jo’s birthday today</span>
        <button class=props-s-cta aria-label="Message Jo Sample: Happy birthday!">Happy birthday!</button>
        </article></li><li><article><a href="/in/new-here/">New Here</a><p>Today is a good day</p>
        <button>Connect</button></article></li></ul>""",
    )
    assert site.birthdays(TODAY) == [BirthdayCard(by_slug("jo-sample"), "Jo Sample", TODAY, None)]


@pytest.mark.parametrize(
    "cards",
    [
        card("ada", "Ada Example", "Ada aujourd’hui", greeting("ada", "Ada Example", TODAYS, profile="bob")),
        card("ada", "Ada Example", "Ada aujourd’hui", greeting("ada", "Bob Other", TODAYS)),
        card("ada", "Ada Example", "Ada aujourd’hui", greeting("bob", "Ada Example", TODAYS))
        + today_card("bob", "Bob Other"),
    ],
    ids=["two-ids", "two-names", "id-of-another-card"],
)
def test_a_page_that_contradicts_itself_greets_nobody(pages: Pages, site: LinkedInSite, cards: str) -> None:
    pages.set(BIRTHDAYS, page_of(today_card("zoe", "Zoe Sample") + cards), language="fr")
    assert refused(site).reason is Reason.SITE_CHANGED


def test_a_card_that_is_neither_today_nor_late_is_left_alone(pages: Pages, site: LinkedInSite) -> None:
    odd = [
        card("bob", "Bob Other", "L’anniversaire de Bob est demain", greeting("bob", "Bob Other", TODAYS)),
        card(
            "cleo",
            "Cléo Autre",
            "Célébrez l’anniversaire récent de Cléo",
            greeting("cleo", "Cléo Autre", LATE),
        ),
        card("dan", "Dan Autre", "L’anniversaire de Dan aujourd’hui", greeting("dan", "Dan Autre", LATE)),
        card("eve", "Ève Autre", "L’anniversaire de Ève aujourd’hui", "<p>Envoyé</p>"),  # greeted by hand
    ]
    pages.set(BIRTHDAYS, page_of(today_card("ada", "Ada Example") + "".join(odd)), language="fr")
    assert [one.full_name for one in site.birthdays(TODAY)] == ["Ada Example"]


def test_a_page_whose_first_sentence_is_not_understood_has_changed(pages: Pages, site: LinkedInSite) -> None:
    """It would be today's, and only past birthdays would be greeted."""
    first = card("bob", "Bob Other", "Vive Bob", greeting("bob", "Bob Other", TODAYS))
    late = late_card("ada", "Ada Example", "10 nov.")
    pages.set(BIRTHDAYS, page_of(first + late), language="fr")
    assert refused(site).reason is Reason.SITE_CHANGED
    pages.set(BIRTHDAYS, page_of(late + first), language="fr")
    assert [one.full_name for one in site.birthdays(TODAY)] == ["Ada Example"]


def test_without_the_language_only_the_agreement_of_the_page_tells_who_has_birthday_today(
    pages: Pages, site: LinkedInSite
) -> None:
    def italian(slug: str, name: str, sentence: str, wish: str) -> str:
        return card(slug, name, sentence, greeting(slug, name, wish))

    today = italian("ada", "Ada Example", "Oggi è il compleanno di Ada", "Buon compleanno!")
    late = italian("bob", "Bob Other", "Compleanno di Bob il 10 nov", "Auguri in ritardo!")
    pages.set(BIRTHDAYS, page_of(today + late), language="it")
    assert site.birthdays(TODAY) == [BirthdayCard(by_slug("ada"), "Ada Example", TODAY, by_id("ada"))]
    pages.set(BIRTHDAYS, page_of(today), language="it")
    assert refused(site).reason is Reason.LANGUAGE_UNKNOWN


def test_an_empty_page_says_so(pages: Pages, site: LinkedInSite) -> None:
    stranger = card("new", "New Here", "Vous connaissez peut-être New", "<button>Se connecter</button>")
    pages.set(BIRTHDAYS, page_of(stranger, "<p>Aucun anniversaire pour le moment</p>"), language="fr")
    assert site.birthdays(TODAY) == []
    pages.set(BIRTHDAYS, page_of(""), language="fr")
    shell = refused(site)
    assert isinstance(shell, TryAgainError)
    assert shell.reason is Reason.SITE_UNEXPECTED


def test_a_wall_that_comes_while_the_list_loads_stops_the_account(pages: Pages, site: LinkedInSite) -> None:
    wall = (
        "setTimeout(() => { document.querySelector('main').innerHTML = '<i id=rememberme-div>x</i>'; }, 99)"
    )
    pages.set(BIRTHDAYS, page_of(""), script=wall)
    assert isinstance(refused(site), StopAccountError)
    pages.set(OLD_BIRTHDAYS, "")
    pages.bodies.clear()
    assert refused(site).reason is Reason.SITE_CHANGED  # at neither address


def test_nothing_is_clicked_after_a_wall(pages: Pages, site: LinkedInSite) -> None:
    more = "<button onclick='document.title = 1'>Charger plus</button>"
    wall = f"setTimeout(() => {{ {WALL} }}, 150)"
    pages.set(BIRTHDAYS, page_of(today_card("ada", "Ada Example"), more), language="fr", script=wall)
    assert isinstance(refused(site), StopAccountError)
    assert pages.tab.title() == "LinkedIn"
    script = f"{DIALOG}document.addEventListener('click', () => {{ {WALL} }});"
    pages.set(SENT, sent_page(ROWS, "Personen (2)"), language="de", script=script)
    with pytest.raises(StopAccountError):
        site.open_invitation(by_slug("ada")).withdraw()
    assert pages.tab.evaluate("window.asked") is None


# sent invitations


def row(slug: str, name: str, age: str, *, tail: str = "", link: str | None = None) -> str:
    return f"""<div role=listitem><a href="{link or by_slug(slug)}"><img alt="{name}s Profilbild"></a>
      <p>{name}<span class=hidden>{tail}</span></p><p>--</p><p>{age}</p>
      <a href="{SENT}" data-slug="{slug}" aria-label="Einladung an {name} zurückziehen">Zurückziehen</a>
      </div><hr>"""


DIALOG = """
const asked = (name, slug, says) => {
  const dialog = document.createElement("dialog");
  dialog.innerHTML = `<h2>Einladung zurückziehen</h2><button>Abbrechen</button>
    <button class=confirm ${name && `aria-label="Einladung an ${name} zurückziehen"`}>Zurückziehen</button>`;
  document.body.append(dialog);
  dialog.show();
  dialog.querySelector(".confirm").onclick = () => {
    window.asked = (window.asked ?? 0) + 1;
    dialog.remove();
    if (says) document.body.insertAdjacentHTML("beforeend", `<div role=alert><p>${says}</p></div>`);
    else document.querySelector(`[data-slug="${slug}"]`).closest("[role=listitem]").remove();
  };
};
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-slug]");
  if (!link) return;
  event.preventDefault();
  const name = /^Einladung an (.*) zurückziehen$/.exec(link.getAttribute("aria-label"))[1];
  asked(window.names ?? name, link.dataset.slug, window.says);
});
"""


def sent_page(rows: str, count: str = "") -> str:
    tabs = f"<nav><a href=/x>Erhalten</a><a aria-current=page href={SENT}>Gesendet</a></nav>"
    return f"""{tabs}<button>{count}</button><div componentkey=InvitationManagerPage_InvitationsList>
      <div data-testid=lazy-column>{rows}</div></div>"""


ROWS = row("jo-sample", "Jo Sample", "Vor 3 Wochen gesendet", tail=" Aktueller Entitätsverlauf") + row(
    "ada", "Ada Example", "Gestern gesendet"
)


def test_sent_invitations_are_read_to_their_end_and_nothing_else(pages: Pages, site: LinkedInSite) -> None:
    page_follow = """<div role=listitem><a href=/in/bob/>Bob</a><p>Bob</p><a href=/company/7/>Acme</a>
      <p>Vor 2 Tagen gesendet</p><button>Zurückziehen</button></div>"""
    received = """<div role=listitem><a href=/in/eva/>Eva</a><p>Eva Muster</p><button
      aria-label="Einladung von Eva Muster annehmen">Annehmen</button><button
      aria-label="Einladung von Eva Muster ignorieren">Ignorieren</button></div>"""
    late = json.dumps(row("zoe", "Zoe Sample", "Vor 21 Stunden gesendet"))
    script = f"""addEventListener("scroll", () => setTimeout(() => {{
      if (document.querySelector("[data-slug=zoe]")) return;
      document.querySelector("[data-testid=lazy-column]").insertAdjacentHTML("beforeend", {late});
    }}, 50), true);"""
    filler = '<div style="height: 3000px"></div>'
    pages.set(
        SENT, sent_page(filler + ROWS + page_follow + received, "Personen (3)"), language="de", script=script
    )
    progress: list[tuple[int, int]] = []
    assert list(site.sent_invitations(TODAY, lambda number, found: progress.append((number, found)))) == [
        SentInvitation(by_slug("jo-sample"), "Jo Sample", date(2026, 10, 28)),
        SentInvitation(by_slug("ada"), "Ada Example", date(2026, 11, 17)),
        SentInvitation(by_slug("zoe"), "Zoe Sample", TODAY),
    ]
    assert progress[-1][1] == 3


@pytest.mark.parametrize(
    "count", [pytest.param("Personen (1.052)", marks=pytest.mark.soak), "Personen (3)", ""]
)
def test_a_list_that_is_not_whole_says_nothing_about_who_is_gone(
    pages: Pages, site: LinkedInSite, count: str
) -> None:
    pages.set(SENT, sent_page(ROWS, count), language="de")
    for read in (lambda: site.sent_invitations(TODAY), lambda: site.open_invitation(by_slug("gone"))):
        with pytest.raises(TryAgainError) as short:
            read()
        assert short.value.reason is Reason.SITE_UNEXPECTED


def test_an_age_that_cannot_be_read_counts_as_none_unless_none_can(pages: Pages, site: LinkedInSite) -> None:
    odd = row("zoe", "Zoe Sample", "Vor einer Weile gesendet")
    pages.set(SENT, sent_page(ROWS + odd, "Personen (3)"), language="de")
    assert list(site.sent_invitations(TODAY))[-1] == SentInvitation(by_slug("zoe"), "Zoe Sample", TODAY)
    for language, failure, reason in (
        ("de", TryAgainError, Reason.SITE_UNEXPECTED),
        ("fi", StopAccountError, Reason.LANGUAGE_UNKNOWN),
    ):
        pages.set(SENT, sent_page(odd, "Personen (1)"), language=language)
        with pytest.raises(failure) as failed:
            site.sent_invitations(TODAY)
        assert failed.value.reason is reason


def test_the_received_invitations_are_not_taken_for_the_sent_ones(pages: Pages, site: LinkedInSite) -> None:
    elsewhere = "history.replaceState(null, '', '/mynetwork/invitation-manager/received/');"
    pages.set(SENT, sent_page(ROWS, "Personen (2)"), language="de", script=elsewhere)
    with pytest.raises(TryAgainError):
        site.sent_invitations(TODAY)


def test_no_invitations_need_a_sign(pages: Pages, site: LinkedInSite) -> None:
    pages.set(SENT, sent_page("<p>Keine gesendeten Einladungen</p>"), language="de")
    assert site.sent_invitations(TODAY) == []
    with pytest.raises(NeverError) as gone:
        site.open_invitation(by_slug("jo-sample"))
    assert gone.value.reason is Reason.INVITATION_GONE


def test_a_list_that_names_people_by_id_does_not_say_that_a_slug_is_gone(
    pages: Pages, site: LinkedInSite
) -> None:
    pages.set(SENT, sent_page(row("jo", "Jo Sample", "Gestern gesendet", link=by_id("jo")), "Personen (1)"))
    with pytest.raises(TryAgainError):
        site.open_invitation(by_slug("jo-sample"))
    site.open_invitation(by_id("jo"))


def test_an_invitation_is_withdrawn_by_its_own_row_and_dialog(pages: Pages, site: LinkedInSite) -> None:
    namesake = row("jo-sample-2", "Jo Sample", "Gestern gesendet")
    pages.set(SENT, sent_page(namesake + ROWS, "Personen (3)"), language="de", script=DIALOG)
    site.open_invitation(by_slug("jo-sample")).withdraw()
    assert pages.tab.evaluate("window.asked") == 1
    assert pages.tab.locator("[data-slug]").evaluate_all("all => all.map((one) => one.dataset.slug)") == [
        "jo-sample-2",
        "ada",
    ]


@pytest.mark.parametrize(
    ("named", "reason"),
    [("Jo Sampleton", Reason.WRONG_RECIPIENT), ("", Reason.SITE_UNEXPECTED)],
    ids=["somebody-else", "nobody"],
)
def test_a_dialog_that_does_not_name_the_person_is_not_confirmed(
    pages: Pages, site: LinkedInSite, named: str, reason: Reason
) -> None:
    pages.set(
        SENT, sent_page(ROWS, "Personen (2)"), language="de", script=f"{DIALOG}window.names = '{named}';"
    )
    with pytest.raises(RapportError) as refused:
        site.open_invitation(by_slug("jo-sample")).withdraw()
    assert refused.value.reason is reason
    assert pages.tab.evaluate("window.asked") is None


def test_a_failed_withdrawal_is_asked_once(pages: Pages, site: LinkedInSite) -> None:
    says = "window.says = 'Sorry, unable to withdraw invitation to Ada Example. Please try again.';"
    pages.set(SENT, sent_page(ROWS, "Personen (2)"), language="de", script=DIALOG + says)
    site.open_invitation(by_slug("ada")).withdraw()
    assert pages.tab.evaluate("window.asked") == 1
    assert len(list(site.sent_invitations(TODAY))) == 2
