"""The sections of a profile in the newer front end: empty holders, each filled when it is near."""

from tests.replica.linkedin.pages_lists.look import Look, compose_link, new_key, profile_link, slug_path
from tests.replica.linkedin.pages_lists.page import PARTS
from tests.replica.linkedin.pages_lists.profile_facts import Facts, Job
from tests.replica.linkedin.pages_lists.profile_top import card_key, is_own, strangers
from tests.replica.linkedin.pages_lists.tree import Call, Node, e
from tests.replica.linkedin.people import Person

ABOVE, ACTIVITY, BELOW = "above", "activity", "below"
PARTS_BELOW = 7


def holders(look: Look, person: Person) -> list[Node]:
    """Return the empty holders in the order of the page, each of which asks for its part once."""
    keys = [
        (ABOVE, f"profileCardsAboveActivity{person.slug}"),
        (ACTIVITY, card_key(person, "Activity").replace(person.member_id, person.slug)),
        *(
            (f"{BELOW}{n}", f"profileCardsBelowActivityPart{n}{person.slug}")
            for n in range(1, PARTS_BELOW + 1)
        ),
    ]
    return [
        e(
            "div",
            ref=f"holder-{part}",
            componentkey=key,
            cls=look.cls("holder"),
            on={"visible": Call(f"{PARTS}profile-part?id={person.member_id}&part={part}")},
        )
        for part, key in keys
    ]


def part_of(look: Look, person: Person, facts: Facts, part: str, others: list[Person]) -> list[Node]:
    """Return what a holder is filled with."""
    if part == ABOVE and is_own(person):
        return [about(look, person, facts)]
    if part == ABOVE:
        follow = strangers(look, look.words("people_follow", name=person.name), others[:2])
        return [highlights(look, person), follow, about(look, person, facts)]
    if part == ACTIVITY:
        return [e("section", e("h2", look.words("activity")), e("p", "…"))]
    makers = {
        f"{BELOW}1": lambda: [experience(look, person, facts)],
        f"{BELOW}2": lambda: [education(look, person, facts)],
        f"{BELOW}3": lambda: [certifications(look, person, facts), _childless(person, "Projects")],
        f"{BELOW}4": lambda: [skills(look, person, facts), _childless(person, "RecommendationsTopLevel")],
        f"{BELOW}5": lambda: [languages(look, person, facts), _childless(person, "HonorsTopLevel")],
        f"{BELOW}6": lambda: [_childless(person, "PublicationTopLevelSection"), _childless(person, "Causes")],
        f"{BELOW}7": lambda: [strangers(look, look.words("also_viewed"), others[2:])],
    }
    return makers[part]() if part in makers else []


def _childless(person: Person, section: str) -> Node:
    """Return a section that the member doesn't have: its key is in the page, without content."""
    return e("div", componentkey=card_key(person, section))


def _section(person: Person, key: str, title: str, *content: Node) -> Node:
    return e("div", e("section", e("h2", title), content), componentkey=card_key(person, key))


def highlights(look: Look, person: Person) -> Node:
    """Return the card above the sections, whose link would put a text into the composer."""
    link = compose_link(person, body="Hi!", context="NON_SELF_PROFILE_VIEW")
    label = look.words("message_other", name=person.name)
    return e(
        "section",
        e("h2", look.words("highlights")),
        e("p", "Profile enhanced with Premium"),
        e("a", look.words("say_hi"), href=link, aria_label=label) if person.degree < 3 else None,
    )


def about(look: Look, person: Person, facts: Facts) -> Node:
    if not facts.about:
        return _childless(person, "About")
    text = e("span", facts.about, data_testid="expandable-text-box", cls=look.cls("clamp"))
    more = e(
        "button",
        look.words("more_text"),
        data_testid="expandable-text-button",
        aria_hidden="true",
        type="button",
    )
    top = e("p", look.words("top_skills")), e("p", " • ".join(facts.skills[:3]))
    return _section(person, "About", look.words("about"), e("p", text, more), *top)


def experience(look: Look, person: Person, facts: Facts) -> Node:
    jobs = [job_item(look, job) for job in facts.jobs]
    return _section(
        person, "ExperienceTopLevelSection", look.words("experience"), *jobs, _all(look, person, "experience")
    )


def job_item(look: Look, job: Job) -> Node:
    """Return a company: with several roles as a list under the company, else the role first."""
    company = f"/company/{job.number}/"
    present = look.words("present")
    if len(job.roles) > 1:
        total = look.words("years", n=str(sum(role.years for role in job.roles)))
        roles = [
            e(
                "li",
                e("p", role.title),
                e("p", look.words("full_time")),
                e("p", f"{role.dates.format(present=present)} · {look.words('years', n=str(role.years))}"),
                e("p", role.place),
            )
            for role in job.roles
        ]
        head = e("a", e("p", job.company), e("p", total), href=company)
        return e("div", head, e("ul", roles), componentkey=f"entity-collection-item-{new_key()}")
    role = job.roles[0]
    lines = e(
        "a",
        e("p", role.title),
        e("p", f"{job.company} · {look.words('full_time')}"),
        e("p", f"{role.dates.format(present=present)} · {look.words('years', n=str(role.years))}"),
        e("p", role.place),
        href=company,
    )
    return e(
        "div",
        e("a", e("img", alt="", src="data:,"), href=company),
        lines,
        componentkey=f"entity-collection-item-{new_key()}",
    )


def education(look: Look, person: Person, facts: Facts) -> Node:
    school = e("a", e("p", facts.school), e("p", "2015 \u2013 2019"), href="/school/77/")
    item = e("div", school, componentkey=f"entity-collection-item-{new_key()}")
    return _section(person, "EducationTopLevelSection", look.words("education"), item)


def certifications(look: Look, person: Person, facts: Facts) -> Node:
    if not facts.certifications:
        return _childless(person, "CertificationTopLevel")
    items = [
        e("div", e("p", one), componentkey=f"entity-collection-item-{new_key()}")
        for one in facts.certifications
    ]
    return _section(person, "CertificationTopLevel", look.words("certifications"), *items)


def skills(look: Look, person: Person, facts: Facts) -> Node:
    """Return two skills; the rest stand on the details page."""
    shown = [skill_item(person, n, skill) for n, skill in enumerate(facts.skills[:2])]
    return _section(person, "Skills", look.words("skills"), *shown, _all(look, person, "skills"))


def skill_item(person: Person, number: int, skill: str) -> Node:
    key = f"com.linkedin.sdui.profile.skill({person.member_id}, {number})"
    endorsed = e("p", "3 endorsements")
    return e("div", e("p", skill), endorsed, componentkey=key)


def languages(look: Look, person: Person, facts: Facts) -> Node:
    if not facts.languages:
        return _childless(person, "LanguageTopLevel")
    items = [
        e("div", e("p", name), e("p", level), componentkey=f"entity-collection-item-{new_key()}")
        for name, level in facts.languages
    ]
    return _section(person, "LanguageTopLevel", look.words("languages"), *items)


def _all(look: Look, person: Person, section: str) -> Node:
    return e(
        "a",
        look.words("show_all"),
        href=f"{profile_link(person)}details/{section}/",
        id=f"navigation-index-{slug_path(person)}",
    )
