import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.defaults import GREETINGS
from db.store.templates import AWKWARD_NAMES
from worker.rules.templates import (
    MAX_MESSAGE_CHARACTERS,
    MessageTemplate,
    TemplateRefusedError,
    choose,
    render,
)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("Hi {{ nickname }}", "nickname"),
        ("Hi {{ first_name.nickname }}", "nickname"),
        ("{% if first_name == 'Bob' %}{{ job }}{% endif %}Hi", "job"),
        ("Hi {{ first_name", "end of template"),
        ("{% if %}", "Expected"),
        ("{% include 'other' %}", "loader"),
        ("", "nothing"),
        (" \n\t ", "nothing"),
        ("{% if false %}Hi{% endif %}", "nothing"),
        ("x" * (MAX_MESSAGE_CHARACTERS + 1), "601 characters"),
        ("{{ first_name * 601 }}", "characters"),
        ("{{ ''.__class__ }}", "__class__"),
        ("{{ first_name.__init__.__globals__ }}", "__init__"),
        ("{{ first_name|attr('__class__') }}", "__class__"),
        ("{{ cycler.__init__.__globals__.os }}", "__init__"),
        ("{% for i in range(10 ** 9) %}x{% endfor %}", "Range too big"),
        ("{{ 1 / 0 }}", "division"),
        ("{{ '{5}'.format() }}", "index"),
        ("{{ first_name.encode('no-such') }}", "no-such"),
        ("{{ first_name.index('~') }}", "substring"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "recursion"),
    ],
)
def test_a_template_that_can_fail_is_refused_and_told_why(body: str, why: str) -> None:
    with pytest.raises(TemplateRefusedError, match=why):
        render(body, first_name="Anna")


def test_the_longest_message_is_still_taken() -> None:
    assert render("x" * MAX_MESSAGE_CHARACTERS, first_name="Anna") == "x" * MAX_MESSAGE_CHARACTERS


@pytest.mark.parametrize("name", AWKWARD_NAMES)
@pytest.mark.parametrize(("language", "late", "body"), GREETINGS)
def test_every_default_greeting_says_any_name_as_it_is(
    language: str, late: bool, body: str, name: str
) -> None:
    said = render(body, first_name=name)
    assert name in said
    assert "{{ first_name }}" not in said.replace(name, "")
    assert said == said.strip()


def test_a_name_is_text_and_never_a_template_of_its_own() -> None:
    assert render("Hi {{ first_name }}", first_name="{{ 7 * 7 }}") == "Hi {{ 7 * 7 }}"


def test_markup_in_a_name_is_left_alone() -> None:
    assert render("Hi {{ first_name }}!", first_name="<b> & O'Brien") == "Hi <b> & O'Brien!"


def test_a_missing_name_leaves_no_double_space() -> None:
    assert render("Hi {{ first_name }} there\n\nyou", first_name="") == "Hi there\n\nyou"


def a_template(number: int, language: str = "en", *, late: bool = False) -> MessageTemplate:
    return MessageTemplate(id=number, language=language, late=late, body=f"{language} {number}")


def test_a_language_that_has_none_falls_back_to_english() -> None:
    templates = [a_template(1), a_template(2, "fr")]
    chosen = choose(templates, language="de", late=False, draw=0)
    assert chosen is not None
    assert chosen.language == "en"


def test_a_language_of_its_own_goes_before_english() -> None:
    templates = [a_template(1), a_template(2, "fr")]
    for draw in range(5):
        chosen = choose(templates, language="fr", late=False, draw=draw)
        assert chosen is not None
        assert chosen.language == "fr"


def test_a_late_greeting_is_never_said_in_time_nor_the_other_way_round() -> None:
    templates = [a_template(1, "fr"), a_template(2, late=True)]
    late = choose(templates, language="fr", late=True, draw=0)
    assert late is not None
    assert late.id == 2
    assert choose([a_template(1)], language="en", late=True, draw=0) is None


def test_without_any_template_there_is_no_choice() -> None:
    assert choose([], language="en", late=False, draw=3) is None
    assert choose([a_template(1, "fr")], language="de", late=False, draw=3) is None


@given(st.permutations([a_template(n) for n in range(5)]), st.integers(0, 2**64))
def test_equal_draws_give_equal_choices_in_whatever_order_templates_come(
    templates: list[MessageTemplate], draw: int
) -> None:
    assert choose(templates, language="en", late=False, draw=draw) == a_template(draw % 5)


def test_every_template_is_chosen_by_some_draw() -> None:
    templates = [a_template(n) for n in range(5)]
    assert {choose(templates, language="en", late=False, draw=n) for n in range(5)} == set(templates)
