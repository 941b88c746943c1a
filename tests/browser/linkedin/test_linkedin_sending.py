"""Writing to one person: whom, once, proven."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.linkedin import messaging_pages as made
from tests.browser.linkedin.messaging_pages import (
    ADA,
    BASE,
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
from worker.browser.linkedin.messaging import open_conversation
from worker.browser.linkedin.people.profile import Connection, OpenProfile
from worker.errors import (
    NeverError,
    RapportError,
    Reason,
    StopAccountError,
    TryAgainError,
    UnknownDialogError,
)
from worker.rules.people.identity import PersonKeys

COMPOSE = "/messaging/compose/"
TEXT = "Happy birthday, Ada! 🎂\n\nAll the best\nOwner"
LAST_YEAR = datetime(2025, 11, 20, 9, 30, tzinfo=UTC)


TOGGLE = '<button type="button" class="msg-form__send-toggle">…</button>'
WORDED_SUBJECT = '<input aria-label="Betreff (erforderlich)">'
PART = "<p>Happy birthday, Ada! 🎂</p>"


def read_drafts(pages: Pages) -> list[str]:
    frames = pages.page.frames
    return [box.inner_text() for frame in frames for box in frame.locator("[contenteditable]").all()]


def send(site: LinkedInSite, text: str = TEXT) -> bool:
    thread = site.open_thread(member(ADA))
    thread.messages()
    thread.type(text)
    assert thread.recipient() == member(ADA)
    thread.click_send()
    return thread.proof(text, more_than=0)


def test_several_lines_leave_as_one_message_without_a_key(linkedin: LinkedInSite, pages: Pages) -> None:
    old = bubble("Hello<br>Ada <a href='/x'>link</a>", LAST_YEAR, theirs=True)
    pages.bodies[COMPOSE] = made.page(pane(head(), old))
    thread = linkedin.open_thread(member(ADA))
    assert (thread.recipient(), thread.member(), thread.shown_name()) == (
        member(ADA),
        member(ADA),
        "Ada Example",
    )
    (said,) = thread.messages()
    assert (said.outgoing, said.text, said.at) == (False, "Hello\nAda link", LAST_YEAR)
    thread.type(TEXT)
    thread.click_send()
    assert thread.proof(TEXT, more_than=0)
    assert pages.page.evaluate("[sent, enters]") == [[TEXT], 0]
    sent = thread.messages()[-1]
    assert (sent.outgoing, sent.text.split()) == (True, TEXT.split())
    assert sent.at is not None
    assert sent.at > datetime.now(UTC) - timedelta(minutes=1)  # noqa: TID251 -- the page's own time


def test_a_new_conversation_is_known_by_address_and_pill(linkedin: LinkedInSite, pages: Pages) -> None:
    rebuilt = made.js(pane(head()))
    script = f"""window.onSend = (text) => {{
      add(text, "client-1");
      setTimeout(() => {{
        document.querySelector("main").innerHTML = {rebuilt};
        history.pushState(null, "", "{made.thread_path()}");
        add(text, serverId());
      }}, 300);
    }};"""
    pages.bodies[COMPOSE] = made.page(pane(pill()), script=script)
    thread = linkedin.open_thread(member(ADA))
    assert (thread.member(), thread.shown_name(), list(thread.messages())) == (member(ADA), "Ada Example", [])
    thread.type(TEXT)
    thread.click_send()
    assert thread.proof(TEXT, more_than=0)
    assert thread.recipient() == member(ADA)


@pytest.mark.parametrize(
    "on_send",
    [
        "",
        "add(text, serverId()); const two = add('2', serverId(undefined, undefined, 9)); forget(two)",
        f"add(text, serverId()); document.querySelector('.msg-title-bar a').href = '/in/{JO}/'",
        # test_proof.py has these without a browser
        *(
            pytest.param(on_send, marks=pytest.mark.soak)
            for on_send in (
                "add(text, 'client-1')",
                "add(text, serverId(Date.now(), '9b5e1c2a-1111-4222-8333-444455556666_100'))",
                (
                    "add(text, serverId());"
                    "setTimeout(() => add(text, serverId(Date.now() + 5, undefined, 9)), 250)"
                ),
                "add(text, serverId(Date.now() - 120000))",
                "add(text, serverId(), 'msg-s-event-listitem--other')",
                "add('', serverId())",
            )
        ),
    ],
    ids=[
        "only the composer empties", "two for a while", "the head changes",
        "never an id", "another conversation", "two", "old", "theirs", "no text",
    ],
)  # fmt: skip
def test_what_proves_no_message_leaves_it_uncertain(
    brief_linkedin: LinkedInSite, pages: Pages, on_send: str
) -> None:
    old = bubble("Hello", LAST_YEAR)
    pages.bodies[COMPOSE] = made.page(pane(head(), old), script=f"window.onSend = (text) => {{ {on_send} }};")
    assert not send(brief_linkedin)


def test_a_reply_that_comes_meanwhile_does_not_hide_the_message(linkedin: LinkedInSite, pages: Pages) -> None:
    script = """const before = window.onSend;
      window.onSend = (text) => { before(text);
        const id = serverId(Date.now() + 900, undefined, 3);
        setTimeout(() => add("Thanks!", id, "msg-s-event-listitem--other"), 400); };"""
    pages.bodies[COMPOSE] = made.page(pane(head(), bubble("1", LAST_YEAR)), script=script)
    assert send(linkedin, "1")


@pytest.mark.parametrize("where", ["shadow", "frame"])
def test_an_overlay_is_found_by_id_where_the_newer_pages_mount_it(
    linkedin: LinkedInSite, pages: Pages, where: str
) -> None:
    chats = overlay(head(JO, "Jo Sample")) + overlay(head())
    host = '<div id="interop-outlet" data-testid="interop-shadowdom"></div>'
    if where == "shadow":
        script = f"""const root = document.querySelector("#interop-outlet").attachShadow({{mode: "open"}});
          root.innerHTML = {made.js(chats)};
          root.addEventListener("submit", (e) => e.preventDefault());"""
        beside = host
    else:
        pages.bodies["/preload/"] = made.page("", beside=chats)
        beside, script = (
            host + '<iframe data-testid="interop-iframe" src="/preload/" width="800" height="600"></iframe>',
            "",
        )
    pages.bodies[COMPOSE] = made.page("<h1>Feed</h1>", beside=beside, script=script)
    thread = linkedin.open_thread(member(ADA))
    thread.type(TEXT)
    assert thread.shown_name() == "Ada Example"
    assert [bool(draft.strip()) for draft in read_drafts(pages)] == [False, True]
    thread.clear()
    assert not any(draft.strip() for draft in read_drafts(pages))


def test_a_frame_that_is_not_shown_holds_no_conversation_of_ours(
    linkedin: LinkedInSite, pages: Pages
) -> None:
    pages.bodies["/preload/"] = made.page("", beside=overlay(head()))
    frame = '<iframe data-testid="interop-iframe" src="/preload/" style="opacity: 0"></iframe>'
    pages.bodies[COMPOSE] = made.page(pane(head()), beside=frame)
    assert linkedin.open_thread(member(ADA)).recipient() == member(ADA)


@pytest.mark.parametrize(
    "beside",
    [
        overlay(head(JO, "Ada Example"), kind="msg-overlay-conversation-bubble--is-active"),
        pytest.param(
            overlay(head(), kind="msg-overlay-conversation-bubble--is-minimized"), marks=pytest.mark.soak
        ),
    ],
    ids=["a stranger's chat", "a minimised chat"],
)
def test_other_chats_are_left_alone(linkedin: LinkedInSite, pages: Pages, beside: str) -> None:
    pages.bodies[COMPOSE] = made.page(pane(head()), beside=f'<aside id="msg-overlay">{beside}</aside>')
    assert send(linkedin)
    assert pages.page.locator(".msg-overlay-conversation-bubble").count() == 1


@pytest.mark.parametrize(
    "beside",
    [overlay(head()), overlay("New message", kind="msg-overlay-conversation-bubble--is-compose")],
    ids=["the same person twice", "a window for a new message"],
)
def test_nothing_is_typed_where_two_windows_could_be_meant(
    linkedin: LinkedInSite, pages: Pages, beside: str
) -> None:
    pages.bodies[COMPOSE] = made.page(pane(head()), beside=f'<aside id="msg-overlay">{beside}</aside>')
    with pytest.raises(TryAgainError) as caught:
        send(linkedin)
    assert caught.value.reason is Reason.COMPOSER_OCCUPIED
    assert not any(box.inner_text().strip() for box in pages.page.locator("[contenteditable]").all())


@pytest.mark.parametrize(
    ("main", "error", "reason"),
    [
        (pane(head(JO, "Ada Example")), NeverError, Reason.WRONG_RECIPIENT),
        (pane(head(JO) + head(ADA)), StopAccountError, Reason.SITE_CHANGED),
        (pane(pill() + pill("Jo Sample")), TryAgainError, Reason.COMPOSER_OCCUPIED),
        (pane("<h2>Ada Example</h2>"), StopAccountError, Reason.SITE_CHANGED),
        (pane(pill(), form=composer(extra='<input name="subject">')), NeverError, Reason.NOT_CONNECTED),
        pytest.param(
            pane(pill(), form=composer(extra=WORDED_SUBJECT)), NeverError, Reason.NOT_CONNECTED,
            marks=pytest.mark.soak,
        ),
        (pane(pill(), form=composer("<p>A draft of mine</p>")), TryAgainError, Reason.COMPOSER_OCCUPIED),
        (pane(pill(), form=composer(PART)), TryAgainError, Reason.COMPOSER_OCCUPIED),
        (pane(pill(), form=composer(send=TOGGLE)), StopAccountError, Reason.ENTER_SENDS),
        (pane(pill(), form=composer(send="")), StopAccountError, Reason.SITE_CHANGED),
    ],
    ids=[
        "a namesake", "a group", "two recipients", "no id", "subject", "subject by its word", "a draft",
        "part of the text", "Enter sends", "no button",
    ],
)  # fmt: skip
def test_what_is_not_certain_is_refused_and_left_as_it_was(
    linkedin: LinkedInSite, pages: Pages, main: str, error: type[RapportError], reason: Reason
) -> None:
    pages.bodies[COMPOSE] = made.page(main)
    pages.page.goto(f"{BASE}{COMPOSE}")
    draft = pages.page.locator("[contenteditable]").inner_text()
    with pytest.raises(error) as caught:
        send(linkedin)
    assert caught.value.reason is reason
    assert pages.page.evaluate("sent") == []
    assert pages.page.locator("[contenteditable]").inner_text().strip() == draft.strip()


def test_the_text_of_an_attempt_that_was_cut_off_is_sent_once(linkedin: LinkedInSite, pages: Pages) -> None:
    lines = "".join(f"<p>{line or '<br>'}</p>" for line in TEXT.split("\n"))
    pages.bodies[COMPOSE] = made.page(pane(head(), form=composer(lines)))
    assert send(linkedin)
    assert pages.page.evaluate("sent") == [TEXT]


def test_an_icon_counts_as_the_button_if_it_alone_submits(linkedin: LinkedInSite, pages: Pages) -> None:
    icon = '<button class="msg-form__send-btn" disabled><svg width="9" height="9"></svg></button>'
    pages.bodies[COMPOSE] = made.page(
        pane(head(), form=composer(send=icon)),
        script="document.querySelector('.msg-form__send-btn').setAttribute('type', 'submit');",
    )
    assert send(linkedin)


def test_a_changed_head_stops_the_click(linkedin: LinkedInSite, pages: Pages) -> None:
    pages.bodies[COMPOSE] = made.page(pane(head()))
    thread = linkedin.open_thread(member(ADA))
    thread.type(TEXT)
    pages.page.evaluate(f"document.querySelector('.msg-title-bar a').href = '/in/{JO}/'")
    assert thread.recipient() == member(JO)
    with pytest.raises(TryAgainError):
        thread.click_send()
    assert pages.page.evaluate("sent") == []


def test_own_messages_that_load_late_stop_the_greeting_and_clear_the_draft(
    linkedin: LinkedInSite, pages: Pages
) -> None:
    pages.bodies[COMPOSE] = made.page(pane(head(), bubble("Hello", LAST_YEAR)))
    thread = linkedin.open_thread(member(ADA))
    thread.messages()
    pages.page.evaluate("add('Happy birthday from me', serverId())")
    with pytest.raises(TryAgainError):
        thread.type(TEXT)
    assert not pages.page.locator("[contenteditable]").inner_text().strip()


def test_an_unknown_dialog_after_the_click_is_left_to_a_person(
    brief_linkedin: LinkedInSite, pages: Pages
) -> None:
    script = """window.onSend = () => document.body.insertAdjacentHTML("beforeend",
      '<div role="dialog"><h2>Share your contact info?</h2><button>Share</button></div>');"""
    pages.bodies[COMPOSE] = made.page(pane(head()), script=script)
    with pytest.raises(UnknownDialogError):
        send(brief_linkedin)
    assert pages.page.get_by_role("button", name="Share").is_visible()


def test_a_wall_in_place_of_the_conversation_stops_the_account(linkedin: LinkedInSite, pages: Pages) -> None:
    script = (
        """window.onSend = () => { document.body.innerHTML = '<form class="login__form">Sign in</form>'; };"""
    )
    pages.bodies[COMPOSE] = made.page(pane(head()), script=script)
    with pytest.raises(StopAccountError):
        send(linkedin)


@pytest.mark.parametrize("kind", ["no id", "no side"])
def test_messages_without_the_marks_of_a_proof_stop_the_account(
    linkedin: LinkedInSite, pages: Pages, kind: str
) -> None:
    shown = bubble("Hello", LAST_YEAR)
    drifted = (
        shown.replace("urn:li:msg_message", "urn:li:new")
        if kind == "no id"
        else shown.replace("msg-s-event-listitem", "x1")
    )
    pages.bodies[COMPOSE] = made.page(pane(head(), drifted))
    with pytest.raises(StopAccountError) as caught:
        linkedin.open_thread(member(ADA)).messages()
    assert caught.value.reason is Reason.SITE_CHANGED


def test_a_message_that_has_not_left_yet_is_neither_there_nor_absent(
    linkedin: LinkedInSite, pages: Pages
) -> None:
    pages.bodies[COMPOSE] = made.page(
        pane(head(), bubble("Hello", LAST_YEAR)), script=f"add({made.js(TEXT)}, 'client-1');"
    )
    with pytest.raises(TryAgainError):
        linkedin.open_thread(member(ADA)).messages()


def test_an_empty_conversation_page_is_no_proof_that_nothing_was_written(
    linkedin: LinkedInSite, pages: Pages
) -> None:
    pages.bodies[COMPOSE] = made.page(
        pane(head()), script=f"history.replaceState(null, '', '{made.thread_path()}');"
    )
    with pytest.raises(TryAgainError):
        linkedin.open_thread(member(ADA))


@pytest.mark.parametrize("is_theirs", [True, False], ids=["the person's", "a namesake's"])
def test_an_earlier_conversation_that_the_page_hides_is_found_in_the_list(
    linkedin: LinkedInSite, pages: Pages, *, is_theirs: bool
) -> None:
    listed = f"<ul class='x-conversations-list'>{made.inbox_row('Ada Example', '10:29', 'You: Hi')}</ul>"
    opened = made.js(pane(head(ADA if is_theirs else JO), bubble("Hi", LAST_YEAR)))
    script = f"""document.querySelector(".x-conversations-list").addEventListener("click", () => {{
      history.pushState(null, "", "{made.thread_path()}");
      document.querySelector(".msg-convo-wrapper").outerHTML = {opened};
    }});"""
    pages.bodies[COMPOSE] = made.page(listed + pane(pill()), script=script)
    thread = linkedin.open_thread(member(ADA))
    assert thread.member() == member(ADA)
    assert [message.text for message in thread.messages()] == (["Hi"] if is_theirs else [])


def test_a_head_by_address_counts_if_the_profile_shows_the_id(
    linkedin: LinkedInSite, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = "https://www.linkedin.com/in/ada-example/"
    keys = PersonKeys(slug, member(ADA))
    profile = OpenProfile(keys, "Ada Example", "", "", 1, Connection.CONNECTED)
    monkeypatch.setattr(open_conversation, "open_profile", lambda _site, _address: profile)
    pages.bodies[COMPOSE] = made.page(pane(head("ada-example/")))
    thread = linkedin.open_thread(member(ADA))
    assert (thread.recipient(), thread.member()) == (slug, member(ADA))
    other = replace(profile, keys=PersonKeys("https://www.linkedin.com/in/ada-2/", member(ADA)))
    monkeypatch.setattr(open_conversation, "open_profile", lambda _site, _address: other)
    with pytest.raises(NeverError) as caught:
        linkedin.open_thread(member(ADA))
    assert caught.value.reason is Reason.WRONG_RECIPIENT


@pytest.mark.parametrize(
    ("degree", "reason"), [(1, Reason.ACCOUNT_HELD), (2, Reason.NOT_CONNECTED)], ids=["connected", "left"]
)
def test_premium_in_place_of_a_composer_holds_the_account_only_for_a_connection(
    linkedin: LinkedInSite, pages: Pages, monkeypatch: pytest.MonkeyPatch, degree: int, reason: Reason
) -> None:
    connection = Connection.CONNECTED if degree == 1 else Connection.NOT_CONNECTED
    profile = OpenProfile(PersonKeys(None, member(ADA)), "Ada Example", "", "", degree, connection)
    monkeypatch.setattr(open_conversation, "open_profile", lambda _site, _address: profile)
    pages.bodies[COMPOSE] = made.page("<h3 class='card-upsell-v2__headline'>Message Ada with Premium</h3>")
    with pytest.raises(RapportError) as caught:
        linkedin.open_thread(member(ADA))
    assert caught.value.reason is reason


def test_what_covers_the_button_is_found_before_the_click(linkedin: LinkedInSite, pages: Pages) -> None:
    cover = '<div id="cover" style="position: fixed; inset: 0; z-index: 9">{}</div>'
    reject = "<button action-type='DENY' onclick='cover.remove()'>Reject</button>"
    pages.bodies[COMPOSE] = made.page(pane(head()), beside=cover.format(""))
    with pytest.raises(TryAgainError):
        send(linkedin)
    assert not any(draft.strip() for draft in read_drafts(pages))
    pages.bodies[COMPOSE] = made.page(pane(head()), beside=cover.format(reject))
    assert send(linkedin)


def test_older_messages_are_loaded_by_scrolling_up(linkedin: LinkedInSite, pages: Pages) -> None:
    recent = [datetime.now(UTC) - timedelta(days=day) for day in (9, 5, 1)]  # noqa: TID251 -- within the window
    shown = "".join(bubble(f"{at:%d}", at) for at in recent[1:])
    older = made.js(bubble("older", recent[0]))
    script = f"""const list = document.querySelector(".msg-s-message-list");
      list.style.cssText = "height: 40px; overflow-y: auto";
      list.scrollTop = 999;
      let isLoaded = false;
      list.addEventListener("scroll", () => {{ if (list.scrollTop > 0 || isLoaded) return;
        isLoaded = true;
        setTimeout(() => list.querySelector("ul").insertAdjacentHTML("afterbegin", {older}), 200); }});"""
    pages.bodies[COMPOSE] = made.page(pane(head(), shown), script=script)
    assert linkedin.open_thread(member(ADA)).messages()[0].text == "older"


def test_closing_leaves_no_draft_and_no_open_conversation(linkedin: LinkedInSite, pages: Pages) -> None:
    pages.bodies[COMPOSE] = made.page(
        pane(head()),
        script="""
      document.addEventListener("input", (e) => localStorage.setItem("draft", e.target.innerText.trim()));""",
    )
    thread = linkedin.open_thread(member(ADA))
    thread.type(TEXT)
    thread.close()
    assert pages.page.url == "about:blank"
    pages.page.goto(f"{BASE}{COMPOSE}")
    assert pages.page.evaluate("localStorage.getItem('draft')") == ""


def test_a_person_known_by_id_is_written_to_without_opening_a_profile(
    linkedin: LinkedInSite, pages: Pages
) -> None:
    pages.bodies[COMPOSE] = made.page(pane(head()))
    linkedin.open_thread("https://www.linkedin.com/in/ada-example/", member(ADA))
    assert pages.opened == [f"{COMPOSE}?recipient={ADA}"]
