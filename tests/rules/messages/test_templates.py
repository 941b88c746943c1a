"""Which templates are accepted, and that an accepted one never fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import defaults
from db.store.campaigns.templates import DefaultTemplate
from worker.rules.messages.message_text import MAX_MESSAGE_CHARACTERS
from worker.rules.messages.template_syntax import MAX_TEMPLATE_CHARACTERS, TemplateRefusedError
from worker.rules.messages.templates import MAX_DAYS_LATE, check_template, render_template
from worker.rules.names.spoken_name import SpokenName, spoken_name

ANNA = SpokenName("Anna", "Anna Smith")
ONLY_DAYS = "only compare days_late"
NOTHING_ELSE = "nothing else"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("Hi {{ hobby }}", "hobby: there is no such field"),
        ("{% if days_late == 1 %}{{ hobby }}{% endif %}Hi", "hobby: there is no such field"),
        ("{{ 'x' if days_late == 1 else hobby }}", "hobby: there is no such field"),
        # syntax errors
        ("Hi {{ first_name", "a {{ at character 4 without its match"),
        ("{# a note", "a {# at|a { at character 1 without its match"),
        ("{% if %}", "Expected"),
        ("Hi {% huh %}", "unknown tag"),
        ("Hi {{ first_name|huh }}", "huh"),
        (f"{{{{ {'(' * 1500}1{')' * 1500} }}}}", "recursion"),
        # blank, or too long
        ("", "no visible"),
        (" \n\t ", "no visible"),
        ("{% if days_late == 7 %}{% else %}Hi{% endif %}", "no visible"),
        ("{{ '' }}", "no visible"),
        ("x" * (MAX_MESSAGE_CHARACTERS + 1), "601 characters"),
        ("x" * (MAX_MESSAGE_CHARACTERS - 39) + "{{ first_name }}", "601 characters"),
        ("x" * (MAX_MESSAGE_CHARACTERS - 119) + "{{ first_name|upper }}", "601 characters"),
        ("{{ full_name }}" * 8, "characters; at most 600"),
        (f"{{% if days_late == 10 %}}{'x' * 601}{{% else %}}x{{% endif %}}", "601 characters"),
        ("{#" + "x" * MAX_TEMPLATE_CHARACTERS + "#}Hi", "at most 4000 are read"),
        # long loops, or access to attributes
        ("{% for i in range(10 ** 9) %}x{% endfor %}", NOTHING_ELSE),
        ("{% for a in '12' %}{% for b in '12' %}x{% endfor %}{% endfor %}", NOTHING_ELSE),
        ("{{ 'x' * 10 ** 9 }}", NOTHING_ELSE),
        ("{{ 9 ** 9 ** 9 }}", NOTHING_ELSE),
        ("{{ first_name ~ first_name }}", NOTHING_ELSE),
        ("{{ first_name + first_name }}", NOTHING_ELSE),
        ("{{ 1 / 0 }}", NOTHING_ELSE),
        ("{{ first_name[0] }}", NOTHING_ELSE),
        ("{{ first_name.encode('no-such') }}", NOTHING_ELSE),
        ("{{ ''.__class__ }}", NOTHING_ELSE),
        ("{{ cycler.__init__.__globals__.os }}", NOTHING_ELSE),
        ("{{ '{5}'.format() }}", NOTHING_ELSE),
        ("{{ range(3) }}", NOTHING_ELSE),
        ("{{ none }}", NOTHING_ELSE),
        ("{{ 1.5 }}", NOTHING_ELSE),
        ("{% set x = 1 %}Hi", NOTHING_ELSE),
        ("{% include 'other' %}", NOTHING_ELSE),
        ("{% extends 'other' %}", NOTHING_ELSE),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", NOTHING_ELSE),
        ("{% filter upper %}Hi{% endfilter %}", NOTHING_ELSE),
        ("{{ first_name|attr('__class__') }}", "no filter attr"),
        ("{{ first_name|center(10 ** 9) }}", "no filter center"),
        ("{{ 'x'|upper(1) }}", NOTHING_ELSE),
        # conditions on anything but the day
        ("Hi{% if first_name == 'Bob' %} Bob{% endif %}", ONLY_DAYS),
        ("Hi{% if first_name %} you{% endif %}", ONLY_DAYS),
        ("Hi{% if days_late %} you{% endif %}", ONLY_DAYS),
        ("Hi{% if days_late > 'a' %} you{% endif %}", ONLY_DAYS),
        ("Hi{% if days_late in '12' %} you{% endif %}", ONLY_DAYS),
        ("Hi{% if days_late == true %} you{% endif %}", ONLY_DAYS),
        ("Hi{% if days_late % 2 == 1 %} you{% endif %}", ONLY_DAYS),
        ("Hi{% if days_late is odd %} you{% endif %}", ONLY_DAYS),
        ("Hi {{ 'you' if days_late == 1 }}", "needs an `else`"),
        (f"Hi{'{% if days_late == 1 %}' * 25}{'{% endif %}' * 25}", "nested too deeply"),
        (f"Hi{{% if {'not ' * 30}days_late == 1 %}}{{% endif %}}", "nested too deeply"),
        # invisible characters
        ("Hi\x07", r"control character, U\+0007"),
        ("Hi {{ '\\u0007' }}you", r"control character, U\+0007"),
        ("Hi \u202eyou", r"control character, U\+202E"),
        ("Hi \u2028you", r"control character, U\+2028"),
        ("Hi \ud800you", r"control character, U\+D800"),
        ("Hi \u200byou", r"control character, U\+200B"),
    ],
)
def test_a_template_that_can_fail_is_refused_and_told_why(body: str, why: str) -> None:
    with pytest.raises(TemplateRefusedError, match=why):
        check_template(body, late=True)


@pytest.mark.parametrize(
    "body",
    [
        "Hi!",
        "x" * MAX_MESSAGE_CHARACTERS,
        "x" * (MAX_MESSAGE_CHARACTERS - 40) + "{{ first_name }}",
        "{% if days_late == 1 %}one{% elif 2 <= days_late < 4 %}few{% else %}{{ days_late }}{% endif %}",
        "{{ 'yesterday' if days_late == 1 else first_name|upper }}",
        "Hi{% if not (days_late == 1 or days_late != 2 and days_late >= 3) %} you{% endif %}",
        "{# why #}Hi{% raw %} { :-) }{% endraw %}",
        "Hi 👩\u200d👩\u200d👧 \u200f, می\u200cنا",  # noqa: RUF001 -- Persian is meant
        "Two\n\nparagraphs\r\nand a line",
        "Hi{% if days_late == 1 %}a" + "{% elif days_late == 2 %}b" * 150 + "{% endif %}",
    ],
)  # fmt: skip
def test_what_can_not_fail_is_accepted(body: str) -> None:
    check_template(body, late=True)


def test_on_the_day_there_are_no_days_to_count() -> None:
    check_template("{{ days_late }} days", late=True)
    with pytest.raises(TemplateRefusedError, match="days_late is for late templates"):
        check_template("{{ days_late }} days", late=False)


def test_a_name_is_text_and_never_a_template_of_its_own() -> None:
    odd = SpokenName("{{ 7 * 7 }}", "<b> & O'Brien")
    assert render_template("Hi {{ first_name }}, {{ full_name }}", name=odd, days_late=0) == (
        "Hi {{ 7 * 7 }}, <b> & O'Brien"
    )


def test_blanks_are_tidied_and_lines_are_kept() -> None:
    assert render_template("  Hi   {{ first_name }} \n\nyou\r\n", name=ANNA, days_late=0) == "Hi Anna \n\nyou"


def test_a_french_blank_is_kept() -> None:
    assert render_template("Bonne fête\u202f!", name=ANNA, days_late=0) == "Bonne fête\u202f!"


@pytest.mark.parametrize(("days_late", "said"), [(1, "yesterday"), (2, "2 days ago"), (10, "10 days ago")])
def test_days_are_told(days_late: int, said: str) -> None:
    body = "{% if days_late == 1 %}yesterday{% else %}{{ days_late }} days ago{% endif %}"
    assert render_template(body, name=ANNA, days_late=days_late) == said


@pytest.mark.parametrize("default", defaults.GREETINGS, ids=lambda default: default.key)
def test_every_default_may_get_in_and_says_the_name_once(default: DefaultTemplate) -> None:
    check_template(default.body, late=default.late)
    days = range(1, MAX_DAYS_LATE + 1) if default.late else (0,)
    for said in {render_template(default.body, name=ANNA, days_late=day) for day in days}:
        assert said.count("Anna") == 1
        assert "  " not in said
        assert "'" not in said  # the apostrophe is \u2019


def test_french_has_its_blanks_and_nobody_else_has() -> None:
    for default in defaults.GREETINGS:
        for mark, blank in (("!", "\u202f"), ("?", "\u202f"), (";", "\u202f"), (":", "\u00a0")):
            for before in default.body.split(mark)[:-1]:
                assert (before[-1] == blank) == (default.language == "fr"), default.key


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_there_are_enough_for_two_years(language: str) -> None:
    mine = [default for default in defaults.GREETINGS if default.language == language]
    assert sum(not default.late for default in mine) >= 6
    assert sum(default.late for default in mine) >= 4


@given(st.text(), st.sampled_from(defaults.GREETINGS), st.integers(1, MAX_DAYS_LATE))
def test_every_default_can_be_said_to_everybody(full_name: str, default: DefaultTemplate, days: int) -> None:
    if name := spoken_name(full_name):
        said = render_template(default.body, name=name, days_late=days if default.late else 0)
        assert name.first in said


NUMBERS = st.one_of(st.just("days_late"), st.integers(0, 12).map(str))
CONDITIONS = st.recursive(
    st.builds("{} {} {}".format, NUMBERS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), NUMBERS),
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=3,
)  # fmt: skip
VALUES = st.builds(
    "{{{{ {} {}}}}}".format,
    st.sampled_from(["first_name", "full_name", "days_late", "'hello'", "''"]),
    st.sampled_from(["", "|upper ", "|lower|upper ", "|capitalize "]),
)
TEMPLATES = st.recursive(
    st.one_of(st.text(max_size=200), VALUES),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, CONDITIONS, inner, inner),
        st.builds("{{% if {} %}}{}{{% endif %}}".format, CONDITIONS, inner),
    ),
    max_leaves=8,
)
AWKWARD_LETTERS = st.text(alphabet=st.sampled_from("aßŉİΐǆﬁ\u1f52李م\u0301- "), min_size=1, max_size=90)


@given(TEMPLATES, st.one_of(st.text(), AWKWARD_LETTERS), st.integers(1, MAX_DAYS_LATE))
def test_a_template_that_got_in_never_fails_for_anybody(body: str, full_name: str, days_late: int) -> None:
    try:
        check_template(body, late=True)
    except TemplateRefusedError:
        return
    if name := spoken_name(full_name):
        assert 0 < len(render_template(body, name=name, days_late=days_late)) <= MAX_MESSAGE_CHARACTERS
