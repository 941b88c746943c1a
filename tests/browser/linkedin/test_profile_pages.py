"""Profiles on small pages: whose it is, how the account is connected, which sections there are."""

# ruff: noqa: E501, RUF001 -- markup, and the dashes that pages write

from datetime import date

import pytest

from tests.browser.linkedin.conftest import Serve
from tests.browser.linkedin.messaging_pages import BASE
from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.linkedin.people.profile import Connection, open_profile
from worker.errors import NeverError, Reason, StopAccountError
from worker.rules.people.identity import PersonKeys
from worker.rules.sourcing.profile import Position, Section

ADA = "ACoAA" + "Ada-_" * 6 + "abcd"
ZED = "ACoAA" + "Zed-_" * 6 + "abcd"
ADDRESS = "https://www.linkedin.com/in/ada-example/"
KEYS = PersonKeys(ADDRESS, f"https://www.linkedin.com/in/{ADA}/")
CARD = "com.linkedin.sdui.profile.card.ref"


def message(member: str, more: str = "") -> str:
    return (
        f'<a href="/messaging/compose/?profileUrn=urn%3Ali%3Afsd_profile%3A{member}&recipient={member}{more}">'
        "Message</a>"
    )


STRANGER = f"""<section><h2>More profiles for you</h2><p>Zed Sample</p><p>· 1st</p>{message(ZED)}
  <a href="/preload/custom-invite/?vanityName=zed-sample" aria-label="Invite Zed Sample to connect">Connect</a>
</section>"""


def head(name: str, *, degree: str, extra: str = "", level: str = "h2") -> str:
    return f"""<{level}>{name}</{level}><p>She/Her</p>{degree}<p>Baker at The Mill</p><p>The Mill · Crumb School</p>
      <div><p>Bath, England</p><p>·</p><a href="{ADDRESS}overlay/contact-info/">Contact info</a></div>
      <p>500+</p><p>connections</p>{extra}"""


def top_card(content: str, member: str = ADA) -> str:
    return f"<div data-testid=lazy-column><div componentkey={CARD}{member}Topcard><section>{content}</section></div></div>"


FIRST = "<p>· 1st</p><div style='display: none' data-display-contents=true><p>· 2nd</p></div>"
SECOND = "<p>· 2nd</p><div style='display: none' data-display-contents=true><p>· 1st</p></div>"
PENDING = '<a href="/in/ada-example/" aria-label="Pending, click to withdraw invitation sent to Ada Example">Pending</a>'


@pytest.mark.parametrize(
    ("body", "degree", "connection"),
    [
        (top_card(head("Ada Example", degree=FIRST, extra=message(ADA))), 1, Connection.CONNECTED),
        (top_card(head("Ada Example", degree=SECOND, extra=message(ADA))), 2, Connection.NOT_CONNECTED),
        (top_card(head("Ada Example", degree=SECOND, extra=PENDING)), 2, Connection.PENDING),
        (top_card(head("Ada Example", degree="", extra=message(ADA))), None, Connection.UNKNOWN),
        (
            # the key is gone: the name's heading, up to the next one
            f"<section>{head('Ada Example', degree=FIRST, extra=message(ADA), level='h1')}</section>",
            1,
            Connection.CONNECTED,
        ),
        (
            f"<section>{head('Ada Example', degree=FIRST, extra=message(ADA))}</section>",
            1,
            Connection.CONNECTED,
        ),
        (
            # a sticky copy whose role is gone
            f"<div style='position: sticky'><h2>Ada Example</h2><p>Baker</p>{message(ADA)}</div><section>{head('Ada Example', degree='', extra=message(ADA) + PENDING)}</section>",
            None,
            Connection.PENDING,
        ),
    ],
)
def test_the_top_card_is_read_between_strangers(
    serve: Serve, site: LinkedInSite, body: str, degree: int | None, connection: Connection
) -> None:
    toolbar = f"<div role=toolbar><h2>Ada Example</h2>{message(ADA)}</div>"
    serve("/in/ada-example/", toolbar + STRANGER + body + STRANGER, title="(2) Ada Example | LinkedIn")
    shown = open_profile(site._site, ADDRESS)
    assert (shown.keys, shown.name) == (KEYS, "Ada Example")
    assert (shown.degree, shown.connection) == (degree, connection)
    assert (shown.headline, shown.location) == ("Baker at The Mill", "Bath, England")


def test_two_ids_in_one_top_card_stop_the_account(serve: Serve, site: LinkedInSite) -> None:
    serve("/in/ada-example/", top_card(head("Ada Example", degree=FIRST, extra=message(ZED))))
    with pytest.raises(StopAccountError) as stop:
        open_profile(site._site, ADDRESS)
    assert stop.value.reason is Reason.SITE_CHANGED


def test_a_wall_that_replaces_the_profile_later_stops_the_account(serve: Serve, site: LinkedInSite) -> None:
    wall = "setTimeout(() => { document.body.innerHTML = '<form class=join-form><input name=session_key></form>' }, 3000)"
    serve("/in/ada-example/", top_card(head("Ada Example", degree=FIRST)) + f"<script>{wall}</script>")
    with pytest.raises(StopAccountError) as stop:
        site.read_profile(ADDRESS, ())
    assert stop.value.reason is Reason.NOT_SIGNED_IN


def test_a_profile_that_is_gone_is_told(serve: Serve, site: LinkedInSite) -> None:
    serve(
        "/in/ada-example/",
        "<p>…</p><script>setTimeout(() => history.replaceState(0, '', '/404/'), 300)</script>",
    )
    with pytest.raises(NeverError) as gone:
        site.read_profile(ADDRESS, ())
    assert gone.value.reason is Reason.PROFILE_GONE


def entry(*lines: str, roles: str = "") -> str:
    return f"<div componentkey=entity-collection-item-1>{''.join(f'<p>{line}</p>' for line in lines)}{roles}</div>"


SECTIONS = f"""
  <div componentkey={CARD}{ADA}About><h2>About</h2>
    <span data-testid=expandable-text-box>I bake.<br>Daily.
      <button data-testid=expandable-text-button aria-hidden=true>… more</button></span>
    <p>Top skills</p><p>Rye • Salt</p></div>
  <div componentkey={CARD}{ADA}ExperienceTopLevelSection><h2>Experience</h2>
    {
    entry(
        "The Mill",
        "Full-time · 6 yrs",
        roles='''<ul><li><p>Head baker</p><p>maj 2025 – obecnie · 1 rok</p></li>
      <li><p>Baker</p><p>Jan 2019 - Apr 2025</p></li></ul>''',
    )
}<hr>
    {entry("Apprentice", "Crumb &amp; Co · Full-time", "janv. 2016 - mars 2018 · 2 ans", "Lyon")}</div>
  <div componentkey={CARD}{ADA}Skills><h2>Skills</h2>
    <div componentkey="com.linkedin.sdui.profile.skill({ADA}, 1)"><p>Rye</p><p>3 endorsements</p></div>
    <a href="/in/ada-example/details/skills/">Show all</a></div>
  <div componentkey={CARD}{ADA}LanguageTopLevel></div>
"""


def test_sections_are_read_by_key_with_all_entries(serve: Serve, site: LinkedInSite) -> None:
    late = f"<template>{SECTIONS}</template><div style='height: 3000px'></div><div id=below></div>"
    fill = """<script>new IntersectionObserver(([seen]) => {
      if (seen.isIntersecting && !below.firstChild) below.append(document.querySelector('template').content)
    }).observe(below)</script>"""
    serve("/in/ada-example/", top_card(head("Ada Example", degree=FIRST)) + late + fill)
    rows = "".join(f"<li><p>{skill}</p></li>" for skill in ("Rye", "Salt", "Ovens"))
    serve("/in/ada-example/details/skills/", f"<h1>Skills</h1><ul>{rows}</ul>" + STRANGER)
    read = site.read_profile(ADDRESS, set(Section))
    assert read.about == "I bake.\nDaily."
    assert read.positions == (
        Position("Head baker", "The Mill", date(2025, 5, 1), None),
        Position("Baker", "The Mill", date(2019, 1, 1), date(2025, 4, 1)),
        Position("Apprentice", "Crumb & Co", date(2016, 1, 1), date(2018, 3, 1)),
    )
    assert read.skills == ("Rye", "Salt", "Ovens")
    assert read.languages == ()
    assert read.certifications is None
    assert site.shown_keys() == KEYS
    assert BASE not in str(read)
