"""The details pages of a profile in the newer front end."""

from tests.replica.linkedin.pages_lists.look import Look
from tests.replica.linkedin.pages_lists.profile_facts import Facts
from tests.replica.linkedin.pages_lists.profile_sections import job_item, skill_item
from tests.replica.linkedin.pages_lists.tree import Node, e
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
