"""The people search on small pages, whose links stand inside links as the site's scripts build them."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from tests.browser.linkedin.conftest import Serve
from tests.browser.linkedin.messaging_pages import BASE
from worker.browser.linkedin.adapter import LinkedInSite
from worker.errors import Reason, StopAccountError, TryAgainError
from worker.rules.sourcing.search import SearchQuery

PATH = "/search/results/people/"
BAKERS = SearchQuery((("keywords", "baker"),))
LIMIT = "You’ve reached the monthly limit for profile searches"  # noqa: RUF001 -- as the page has it


BUILD = """<div role=list id=list></div><script>
const add = (parent, tag, text, attributes = {}) => {
  const made = document.createElement(tag);
  made.append(text);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
};
const addRow = (number, headline) => {
  const row = add(list, "div", "", {role: "listitem"});
  const href = `https://www.linkedin.com/in/person-${number}/`;
  const mutual = add(row, "p", "");
  add(mutual, "a", "Zed Sample", {href: "https://www.linkedin.com/in/zed-sample/"});
  mutual.append(" and 4 other mutual connections");
  const outer = add(row, "a", "", {href});
  const name = add(outer, "p", "");
  add(name, "a", `Person ${number}`, {href});
  add(name, "span", " • 2nd");
  add(outer, "p", headline);
  add(outer, "p", "Bath, England");
  const id = `SearchResultsACoAA${String(number).padStart(34, "0")}`;
  const action = add(row, "div", "", {componentkey: id, id});
  const invite = `/preload/search-custom-invite/?vanityName=person-${number}`;
  setTimeout(() => add(action, "a", "Connect", {href: invite}), 300);
};
</script>"""
ROWS = """<script>
  for (let number = 1; number <= 10; number++)
    addRow(number, number === 3 ? "Fights the monthly limit for profile searches" : "--");
</script>"""
PAGES = """<ul data-testid=pagination-controls-list>
  <li><button aria-label="Page 1" aria-current=true>1</button></li>
  <li><button aria-label="Page 2">2</button></li></ul>
  <button data-testid=pagination-controls-next-button-visible>Next</button>"""


def test_the_people_of_a_page_are_read_without_their_mutual_connections(
    serve: Serve, site: LinkedInSite
) -> None:
    serve(PATH, BUILD + ROWS + f"<section><p>{LIMIT}</p></section>" + PAGES)
    read = site.search(BAKERS, 1)
    assert [person.profile_url for person in read.people] == [
        f"https://www.linkedin.com/in/person-{number}/" for number in range(1, 11)
    ]
    assert {(person.degree, person.location) for person in read.people} == {(2, "Bath, England")}
    assert [person.headline for person in read.people[:2]] == ["", ""]
    assert read.has_next


def test_the_limit_without_rows_stops_the_account(serve: Serve, site: LinkedInSite) -> None:
    blurred = "<div role=listitem aria-hidden=true><p>████ ██████</p></div>"
    serve(PATH, f"<section><h2>{LIMIT}</h2></section><div role=list>{blurred}</div>")
    with pytest.raises(StopAccountError) as stop:
        site.search(BAKERS, 1)
    assert stop.value.reason is Reason.LIMIT_PAGE


def test_nobody_is_found_only_where_the_page_says_so(serve: Serve, tab: Page) -> None:
    site = LinkedInSite(tab, BASE, timedelta(seconds=1))
    serve(PATH, "<section><h2>Keine Ergebnisse gefunden</h2></section>", language="de")
    assert site.search(BAKERS, 1).people == ()
    serve(PATH, "<section><h2>Alles geladen</h2></section>", language="de")
    with pytest.raises(TryAgainError):
        site.search(BAKERS, 1)
