"""Fields that are written as in another program are found, and ordinary text is left alone."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.messages.approval import TextRefusedError, validate_message
from worker.rules.messages.placeholders import find_placeholders
from worker.rules.messages.template_syntax import TEMPLATE_FIELDS, TemplateRefusedError
from worker.rules.messages.templates import check_template

DATA = Path(__file__).parents[1] / "data" / "placeholders.txt"


def section(title: str) -> list[str]:
    """Return the lines of a section of the data file."""
    _, _, rest = DATA.read_text(encoding="utf-8").partition(f"## {title}: ")
    return [line for line in rest.partition("\n\n")[0].splitlines()[1:] if line]


NAMES, OTHERS, ORDINARY = section("names"), section("others"), section("ordinary")


@pytest.mark.parametrize("written", NAMES)
def test_a_name_in_another_spelling_is_refused_with_the_corrected_text(written: str) -> None:
    with pytest.raises(TemplateRefusedError) as refused:
        check_template(f"Happy birthday, {written}!", late=False)
    said = str(refused.value)
    if written != "{0first_name}":  # a digit first: no word of ours
        assert "'Happy birthday, {{ first_name }}!'" in said
        assert "write {{ first_name }}" in said
        assert written in said
        check_template("Happy birthday, {{ first_name }}!", late=False)


@pytest.mark.parametrize("written", OTHERS)
def test_what_has_no_field_is_refused_too(written: str) -> None:
    with pytest.raises(TemplateRefusedError) as refused:
        check_template(f"Dear friend {written} !", late=False)
    assert "write {{" not in str(refused.value)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_accepted(text: str) -> None:
    check_template(f"Dear {text}", late=False)
    check_template(text, late=False)


@pytest.mark.parametrize("written", [*NAMES, *OTHERS])
def test_a_persons_own_text_may_hold_none_either(written: str) -> None:
    with pytest.raises(TextRefusedError, match="only templates have fields"):
        validate_message(f"Happy birthday, {written}!")


@pytest.mark.parametrize("text", [text for text in ORDINARY if "{{" not in text and "{#" not in text])
def test_a_persons_own_ordinary_text_is_accepted(text: str) -> None:
    assert validate_message(text) == text


@pytest.mark.parametrize(
    ("body", "corrected"),
    [
        (
            "[Name], {company|your team} and {city}",
            "{{ first_name }}, {{ company or 'your team' }} and {{ city }}",
        ),
        ("{{ company | default('your team') }}!", "{{ company or 'your team' }}!"),
        ("{{company|your team}}!", "{{ company or 'your team' }}!"),
        ("Hi {nachname}, {days} days", "Hi {{ full_name }}, {{ days_late }} days"),
        ("[{{ first_name | upper }}]", "{{ first_name | upper }}"),
        ("{name},\n{{ first_name }} %name%", "{{ first_name }},\n{{ first_name }} {{ first_name }}"),
    ],
)
def test_every_field_is_corrected_with_its_default(body: str, corrected: str) -> None:
    with pytest.raises(TemplateRefusedError, match=re.escape(f"'{corrected}'")):
        check_template(body, late=True)
    check_template(corrected, late=True)


@pytest.mark.parametrize(
    "text", ["I <3 you, <name>", "[1], [x [name]", "%a %name%", "(and (name)", "5 * 3, *|x *|FNAME|*"]
)
def test_a_lonely_sign_hides_no_placeholder_behind_it(text: str) -> None:
    (found,) = find_placeholders(text)
    assert found.field == "first_name"


def test_the_sender_is_shown_the_signature() -> None:
    with pytest.raises(TemplateRefusedError, match="templates signature"):
        check_template("Happy birthday, {{ first_name }}! [Your Name]", late=False)


def test_the_place_is_that_of_an_editor() -> None:
    with pytest.raises(TemplateRefusedError, match=r"\[Name\] at character 4 of line 2"):
        check_template("Hello,\nHi [Name]", late=False)


@given(
    st.sampled_from(["{%s}", "{{%s}}", "[%s]", "<%s>", "%%%s%%", "*|%s|*", "«%s»"]),
    st.sampled_from(sorted(TEMPLATE_FIELDS)),
)
def test_every_field_is_found_between_any_signs(signs: str, field: str) -> None:
    spelt = field.replace("_", " ").title()
    assert [found.field for found in find_placeholders(f"x {signs % spelt} y")] == [field]


@given(st.text())
def test_any_text_is_searched_and_only_placeholders_are_cut_out(text: str) -> None:
    found = find_placeholders(text)
    assert all(text[each.start : each.end] == each.written for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
