"""Pages that could make a message go to somebody else, go twice, or leave something behind."""

from datetime import UTC, datetime

import pytest

from tests.browser.linkedin import messaging_pages as made
from tests.browser.linkedin.messaging_pages import (
    ADA,
    JO,
    Pages,
    bubble,
    composer,
    head,
    member,
    overlay,
    pane,
    pill,
)
from worker.browser.linkedin.adapter import LinkedInSite
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError

COMPOSE = "/messaging/compose/"
TEXT = "Happy birthday, Ada! 🎂\nAll the best"
LAST_YEAR = datetime(2025, 11, 20, 9, 30, tzinfo=UTC)
CHOOSER = "<div id=rememberme-div>You</div>"
DIALOG = '<div role="dialog"><h2>Try our new look</h2></div>'


def read_drafts(pages: Pages) -> list[str]:
    return [
        each.strip() for each in pages.page.locator("[contenteditable]").all_inner_texts() if each.strip()
    ]


def send(site: LinkedInSite, text: str = TEXT) -> bool:
    thread = site.open_thread(member(ADA))
    thread.messages()
    thread.type(text)
    thread.click_send()
    return thread.proof(text, more_than=0)


@pytest.mark.parametrize(
    "bubble_of_jo",
    [overlay(pill("Jo Sample")), f"<div>{pane(pill('Jo Sample'))}</div>"],
    ids=["a window", "a window without its marks"],
)
def test_a_new_message_beside_the_page_is_never_the_one_of_the_address(
    linkedin: LinkedInSite, pages: Pages, bubble_of_jo: str
) -> None:
    pages.bodies[COMPOSE] = made.page("<h1>Messaging</h1>", beside=bubble_of_jo)
    with pytest.raises(RapportError):
        linkedin.open_thread(member(ADA))
    assert read_drafts(pages) == []


def test_a_head_whose_ids_disagree_is_nobodys(linkedin: LinkedInSite, pages: Pages) -> None:
    pages.bodies[COMPOSE] = made.page(pane(head(f"{ADA}/?miniProfileUrn=urn%3Ali%3Afsd_profile%3A{JO}")))
    with pytest.raises(StopAccountError):
        linkedin.open_thread(member(ADA))


@pytest.mark.parametrize(
    "href",
    [
        f"/in/ada-example?miniProfileUrn=urn%3Ali%3Afs_miniProfile%3A{ADA}",
        pytest.param(f"/in/{ADA}/?trk=x", marks=pytest.mark.soak),
    ],
)
def test_a_head_may_be_relative_and_have_parameters(linkedin: LinkedInSite, pages: Pages, href: str) -> None:
    pages.bodies[COMPOSE] = made.page(pane(f'<header><h2><a href="{href}">Ada</a></h2></header>'))
    assert linkedin.open_thread(member(ADA)).recipient() == member(ADA)


def test_an_id_needs_no_second_a(linkedin: LinkedInSite, pages: Pages) -> None:
    identifier = "ACoAB" + "Z" * 34
    pages.bodies[COMPOSE] = made.page(pane(head(identifier)))
    assert linkedin.open_thread(member(identifier)).member() == member(identifier)


def test_the_address_of_a_new_message_may_change(linkedin: LinkedInSite, pages: Pages) -> None:
    script = "history.replaceState(null, '', '/messaging/thread/new/' + location.search);"
    pages.bodies[COMPOSE] = made.page(pane(pill()), script=script)
    assert linkedin.open_thread(member(ADA)).recipient() == member(ADA)


@pytest.mark.parametrize(
    "style", ["position: absolute; left: -9999px", pytest.param("opacity: 0", marks=pytest.mark.soak)]
)
def test_a_copy_of_the_form_that_nobody_sees_is_ignored(
    linkedin: LinkedInSite, pages: Pages, style: str
) -> None:
    twice = f"<div style='{style}'>{composer()}</div>" + composer()
    pages.bodies[COMPOSE] = made.page(pane(head(), form=twice))
    assert send(linkedin)
    assert pages.page.evaluate("sent") == [TEXT]


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("", ["My draft"]),
        ("box.addEventListener('focus', () => { box.innerText = 'My draft'; });", ["My draft"]),
        ("box.innerHTML = '<p><img alt=\"🎂\" width=9 height=9></p>';", []),
    ],
    ids=["before", "on focus", "an emoji"],
)
def test_a_draft_is_kept_whenever_it_appears(
    linkedin: LinkedInSite, pages: Pages, script: str, left: list[str]
) -> None:
    draft = "<p>My draft</p>" if not script else "<p><br></p>"
    find = "const box = document.querySelector('[contenteditable]');"
    pages.bodies[COMPOSE] = made.page(pane(head(), form=composer(draft)), script=find + script)
    with pytest.raises(TryAgainError) as caught:
        send(linkedin)
    assert caught.value.reason is Reason.COMPOSER_OCCUPIED
    assert read_drafts(pages) == left
    assert "🎂" not in script or pages.page.locator("[contenteditable] img").count() == 1


@pytest.mark.parametrize(
    ("on_input", "reason", "left"),
    [
        (
            "if (text.length > 9) box.innerHTML = '<p>' + text.slice(0, 9) + '</p>'",
            Reason.SITE_UNEXPECTED,
            [],
        ),
        ("box.innerHTML = '<p>My draft</p>'", Reason.COMPOSER_OCCUPIED, ["My draft"]),
        ("document.querySelector('#msg-overlay [contenteditable]').focus()", Reason.SITE_UNEXPECTED, []),
    ],
    ids=["cut", "a restored draft", "the focus moves"],
)
def test_what_was_typed_does_not_stay_and_what_was_not_does(
    linkedin: LinkedInSite, pages: Pages, on_input: str, reason: Reason, left: list[str]
) -> None:
    script = f"""document.addEventListener("input", (event) => {{
      const box = event.target, text = box.innerText.trim(); if (text) {{ {on_input}; }} }});"""
    strangers = f'<aside id="msg-overlay">{overlay(head(JO, "Jo Sample"))}</aside>'
    pages.bodies[COMPOSE] = made.page(pane(head()), beside=strangers, script=script)
    with pytest.raises(TryAgainError) as caught:
        send(linkedin)
    assert caught.value.reason is reason
    assert read_drafts(pages) == left
    assert pages.page.evaluate("sent") == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (f"document.body.insertAdjacentHTML('beforeend', `{DIALOG}`)", TryAgainError),
        ("document.querySelector('form').insertAdjacentHTML('afterbegin', '<input>')", NeverError),
        (
            f"document.body.insertAdjacentHTML('beforeend', `{CHOOSER}`)",
            StopAccountError,
        ),
    ],
    ids=["a dialog", "a subject", "a wall"],
)
def test_what_comes_up_after_the_typing_stops_the_click(
    linkedin: LinkedInSite, pages: Pages, change: str, error: type[RapportError]
) -> None:
    pages.bodies[COMPOSE] = made.page(pane(head()))
    thread = linkedin.open_thread(member(ADA))
    thread.type(TEXT)
    pages.page.evaluate(change)
    with pytest.raises(error):
        thread.click_send()
    thread.clear()
    assert pages.page.evaluate("sent") == []
    assert read_drafts(pages) == []


def test_a_dialog_that_was_open_before_stops_nothing(linkedin: LinkedInSite, pages: Pages) -> None:
    pages.bodies[COMPOSE] = made.page(pane(head()), beside=DIALOG)
    assert send(linkedin)


def test_a_page_that_loads_anew_after_the_click_proves_the_message(
    linkedin: LinkedInSite, pages: Pages
) -> None:
    pages.bodies[made.thread_path()] = made.page(
        pane(head()), script="add(sessionStorage.text, serverId(Number(sessionStorage.at)));"
    )
    script = f"""window.onSend = (text) => {{
      Object.assign(sessionStorage, {{text, at: Date.now()}}); location.assign("{made.thread_path()}"); }};"""
    pages.bodies[COMPOSE] = made.page(pane(pill()), script=script)
    assert send(linkedin)


def test_emoji_as_pictures_are_part_of_the_text(linkedin: LinkedInSite, pages: Pages) -> None:
    script = """window.onSend = (text) => {
      const row = add("", serverId());
      row.querySelector("p").innerHTML = text.replace("🎂", '<img alt="🎂">').replaceAll("\\n", "<br>"); };"""
    pages.bodies[COMPOSE] = made.page(pane(head(), bubble("Hello", LAST_YEAR)), script=script)
    assert send(linkedin)


def test_texts_without_a_known_place_stop_the_account(linkedin: LinkedInSite, pages: Pages) -> None:
    drifted = bubble("<b>Hello</b>", LAST_YEAR).replace("<p class=", "<i id=").replace("</p>", "</i>")
    pages.bodies[COMPOSE] = made.page(pane(head(), drifted))
    with pytest.raises(StopAccountError) as caught:
        linkedin.open_thread(member(ADA)).messages()
    assert caught.value.reason is Reason.SITE_CHANGED


LABEL_ONLY = pill().replace("<span>Ada Example</span>", "")


@pytest.mark.parametrize(
    ("whom", "listed"),
    [
        pytest.param(pill(), "Ada Example", marks=pytest.mark.soak),
        (pill(), "Dr. Ada Example 🎂"),
        (LABEL_ONLY, "Ada Example"),
    ],
    ids=["late", "another form of the name", "a pill without a text"],
)
def test_an_earlier_conversation_is_found_however_it_is_listed(
    linkedin: LinkedInSite, pages: Pages, whom: str, listed: str
) -> None:
    rows = made.js(f"<ul class='x-conversations-list'>{made.inbox_row(listed, '10:29', 'You: Hi')}</ul>")
    opened = made.js(pane(head(), bubble("Hi", LAST_YEAR)))
    script = f"""setTimeout(() => {{
      document.querySelector("main").insertAdjacentHTML("afterbegin", {rows});
      document.querySelector(".x-conversations-list").addEventListener("click", () => {{
        document.querySelector(".msg-convo-wrapper").outerHTML = {opened}; }});
    }}, 1300);"""
    pages.bodies[COMPOSE] = made.page(pane(whom), script=script)
    assert [message.text for message in linkedin.open_thread(member(ADA)).messages()] == ["Hi"]


def test_a_listed_conversation_that_does_not_load_is_no_proof(linkedin: LinkedInSite, pages: Pages) -> None:
    rows = f"<ul class='x-conversations-list'>{made.inbox_row('Ada Example', '10:29', 'You: Hi')}</ul>"
    pages.bodies[COMPOSE] = made.page(rows + pane(pill()))
    with pytest.raises(TryAgainError):
        linkedin.open_thread(member(ADA))


def test_a_page_whose_requests_are_refused_says_nothing_of_the_person(
    linkedin: LinkedInSite, pages: Pages
) -> None:
    pages.page.route("**/voyager/**", lambda route: route.fulfill(status=403))
    pages.bodies[COMPOSE] = made.page("<p>Say hello</p>", script="fetch('/voyager/api/messaging/thread');")
    with pytest.raises(TryAgainError):
        linkedin.open_thread(member(ADA))
    pages.page.unroute("**/voyager/**")


def test_a_group_with_the_person_is_not_opened(linkedin: LinkedInSite, pages: Pages) -> None:
    rows = f"<ul class='x-conversations-list'>{made.inbox_row('Ada Example, Jo Sample', '10:29', 'Hi')}</ul>"
    script = "document.querySelector('ul').addEventListener('click', () => sent.push('opened'));"
    pages.bodies[COMPOSE] = made.page(rows + pane(pill()), script=script)
    assert linkedin.open_thread(member(ADA)).member() == member(ADA)
    assert pages.page.evaluate("sent") == []


def test_a_page_without_anything_in_it_says_nothing_of_the_person(
    linkedin: LinkedInSite, pages: Pages
) -> None:
    pages.bodies[COMPOSE] = made.page("")
    with pytest.raises(TryAgainError):
        linkedin.open_thread(member(ADA))


@pytest.mark.parametrize("is_listed", [True, False])
def test_only_a_list_that_is_read_shows_that_nothing_was_written(
    linkedin: LinkedInSite, pages: Pages, *, is_listed: bool
) -> None:
    rows = f"<ul class='x-conversations-list'>{made.inbox_row('Jo Sample', '10:29', 'Hi')}</ul>"
    pages.bodies[COMPOSE] = made.page((rows if is_listed else "") + pane(pill()))
    thread = linkedin.open_thread(member(ADA))
    assert (list(thread.messages()), thread.may_miss_messages()) == ([], not is_listed)
