"""Profiles and their sections in the older front end, which writes every text twice."""

from collections.abc import Iterable

from tests.replica.linkedin.pages_lists.look import Look, compose_link, slug_path
from tests.replica.linkedin.pages_lists.page import PARTS
from tests.replica.linkedin.pages_lists.profile_facts import Facts, Job
from tests.replica.linkedin.pages_lists.profile_top import is_own
from tests.replica.linkedin.pages_lists.tree import Call, Node, e
from tests.replica.linkedin.people import Person

_SHOWN_SKILLS = 2


def doubled(text: str) -> list[Node]:
    """Return a text as the older front end writes it: once for the eye, once for readers."""
    return [e("span", text, aria_hidden="true"), e("span", text, cls="visually-hidden")]


def ember_profile(look: Look, person: Person, facts: Facts) -> Node:
    """Return the top card of the older front end; its sections come when they are near."""
    degree = look.word_list("degrees")[person.degree - 1].removeprefix("· ")
    top = e(
        "section",
        e("img", alt=person.name, src="data:,", cls="pv-top-card-profile-picture__image"),
        e(
            "div",
            e("h1", person.name, cls="inline t-24 v-align-middle break-words"),
            cls="mt2 pv-top-card--list",
        ),
        None
        if is_own(person)
        else e("span", e("span", doubled(degree), cls="dist-value"), cls="distance-badge"),
        e("div", person.headline, cls="text-body-medium break-words"),
        e("span", facts.city, cls="text-body-small inline"),
        e(
            "a",
            look.words("contact"),
            href=f"{slug_path(person)}overlay/contact-info/",
            id="top-card-text-details-contact-info",
        ),
        e("div", _ember_actions(look, person), cls="pv-top-card-v2-ctas"),
        cls="artdeco-card pv-top-card",
        data_member_id=str(person.number),
        id="ember51",
    )
    later = e(
        "div",
        ref="holder-ember",
        cls="pv-deferred-area",
        style="min-height:300px",
        on={"visible": Call(f"{PARTS}profile-part?id={person.member_id}&part=ember")},
    )
    return e("div", top, e("div", style="height:900px"), later)


def _ember_actions(look: Look, person: Person) -> list[Node]:
    if is_own(person):
        return [e("a", look.words("open_intro"), href=f"{slug_path(person)}edit/intro/")]
    style = "artdeco-button artdeco-button--primary pvs-profile-actions__action"
    message = e(
        "button",
        e("span", look.words("message"), cls="artdeco-button__text"),
        cls=style,
        type="button",
        aria_label=look.words("message_other", name=person.name),
        on={"click": Call(f"{PARTS}profile-overlay?id={person.member_id}")},
    )
    link = e(
        "a", look.words("message"), cls=style, href=compose_link(person, context="NON_SELF_PROFILE_VIEW")
    )
    more = e(
        "button",
        e("span", look.words("more")),
        cls="artdeco-dropdown__trigger",
        type="button",
        aria_expanded="false",
    )
    connect = e(
        "button",
        e("span", look.words("connect")),
        cls=style,
        type="button",
        aria_label=look.words("connect_label", name=person.name),
    )
    pending = e(
        "button",
        e("span", look.words("pending")),
        cls=style,
        type="button",
        aria_label=look.words("pending_label", name=person.name),
    )
    chosen = message if look.setting("message") == "button" else link
    if person.pending:
        return [pending, chosen, more]
    return [chosen, more] if person.degree == 1 else [connect, chosen, more]


def ember_sections(look: Look, person: Person, facts: Facts) -> list[Node]:
    """Return the sections of a profile. Skills are cut; a link leads to all of them."""
    skills = ember_items(look, facts, "skills")
    more = f"{slug_path(person)}details/skills/"
    shown = [
        ("about", "about", [_about(facts)] if facts.about else []),
        ("experience", "experience", ember_items(look, facts, "experience")),
        ("education", "education", ember_items(look, facts, "education")),
        ("licenses_and_certifications", "certifications", ember_items(look, facts, "certifications")),
        ("skills", "skills", [*skills[:_SHOWN_SKILLS], _show_all(look, more)]),
        ("languages", "languages", ember_items(look, facts, "languages")),
    ]
    return [_section(anchor, look.words(title), nodes) for anchor, title, nodes in shown if nodes]


def ember_items(look: Look, facts: Facts, section: str) -> list[Node]:
    """Return the entries of a section, on the profile and on its details page."""
    if section == "experience":
        return [_job(look, job) for job in facts.jobs]
    if section == "education":
        return [_entry(facts.school, "Bachelor", "2015 \u2013 2019")]
    plain: dict[str, Iterable[tuple[str, ...]]] = {
        "skills": [(skill,) for skill in facts.skills],
        "languages": facts.languages,
        "certifications": [(name,) for name in facts.certifications],
    }
    return [_entry(*lines) for lines in plain.get(section, [])]


def _job(look: Look, job: Job) -> Node:
    """Return a company: its roles as a list below it, or its only role first."""
    present = look.words("present")

    def years(number: int) -> str:
        return look.words("years", n=str(number))

    lines = [
        (role.title, f"{role.dates.format(present=present)} · {years(role.years)}", role.place)
        for role in job.roles
    ]
    if len(lines) > 1:
        total = years(sum(role.years for role in job.roles))
        return _entry(
            job.company, f"{look.words('full_time')} · {total}", below=[_entry(*one) for one in lines]
        )
    title, dates, place = lines[0]
    return _entry(title, f"{job.company} · {look.words('full_time')}", dates, place)


def _entry(title: str, *lines: str, below: Iterable[Node] = ()) -> Node:
    """Return one entry: its title in bold, its lines, and the entries below it."""
    head = e("div", e("div", doubled(title), cls="mr1 t-bold"), cls="display-flex flex-wrap")
    rest = [e("div", e("span", doubled(line), cls="t-14 t-normal")) for line in lines]
    inner = [e("ul", list(below), cls="pvs-list")] if below else []
    body = e("div", head, rest, inner, data_view_name="profile-component-entity")
    return e("li", body, cls="artdeco-list__item pvs-list__item--line-separated")


def _about(facts: Facts) -> Node:
    return e("li", e("div", doubled(facts.about), cls="inline-show-more-text"))


def _show_all(look: Look, address: str) -> Node:
    link = e("a", doubled(look.words("show_all")), href=address, id="navigation-index-Show-all-skills")
    return e("div", link, cls="pvs-list__footer-wrapper")


def _section(anchor: str, title: str, entries: list[Node]) -> Node:
    head = e("h2", doubled(title), cls="pvs-header__title")
    mark = e("div", id=anchor, cls="pv-profile-card__anchor")
    return e("section", mark, head, e("ul", entries), cls="artdeco-card")
