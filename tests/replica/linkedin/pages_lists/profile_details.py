"""The details pages of a profile, and the profile in the older front end."""

from tests.replica.linkedin.pages_lists.look import Look, compose_link, slug_path
from tests.replica.linkedin.pages_lists.page import PARTS
from tests.replica.linkedin.pages_lists.profile_facts import Facts
from tests.replica.linkedin.pages_lists.profile_sections import job_item, skill_item
from tests.replica.linkedin.pages_lists.profile_top import is_own
from tests.replica.linkedin.pages_lists.tree import Call, Node, e
from tests.replica.linkedin.people import Person

DETAILS = ("experience", "education", "skills", "languages", "certifications", "honors")


def detail_items(look: Look, person: Person, facts: Facts, section: str) -> list[Node]:
    """Return the rows of a details page; the shape differs by section."""
    if section == "skills":
        return [e("li", skill_item(person, n, skill)) for n, skill in enumerate(facts.skills)]
    if section == "experience":
        return [
            e("div", job_item(look, job), data_lazy_mount_id=f"mount-{n}") for n, job in enumerate(facts.jobs)
        ]
    if section == "education":
        return [e("div", e("p", facts.school), e("p", "2015 \u2013 2019"))]
    if section == "languages":
        return [e("li", e("p", name), e("p", level)) for name, level in facts.languages]
    if section == "certifications":
        return [e("div", e("p", one)) for one in facts.certifications]
    return []


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


def ember_sections(look: Look, facts: Facts) -> list[Node]:
    """Return the sections of the older front end, every text twice."""

    def section(anchor: str, title: str, lines: list[str]) -> Node:
        items = [e("li", e("div", doubled(line), cls="t-bold"), cls="artdeco-list__item") for line in lines]
        head = e("h2", doubled(title), cls="pvs-header__title")
        return e(
            "section",
            e("div", id=anchor, cls="pv-profile-card__anchor"),
            head,
            e("ul", items),
            cls="artdeco-card",
        )

    roles = [f"{role.title} · {job.company}" for job in facts.jobs for role in job.roles]
    shown = [
        ("about", look.words("about"), [facts.about] if facts.about else []),
        ("experience", look.words("experience"), roles),
        ("education", look.words("education"), [facts.school]),
        ("skills", look.words("skills"), list(facts.skills[:2])),
        ("languages", look.words("languages"), [name for name, _ in facts.languages]),
    ]
    return [section(anchor, title, lines) for anchor, title, lines in shown if lines]
