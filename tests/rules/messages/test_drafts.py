"""Which text a person gets, and why some people get none."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import defaults
from worker.errors import Reason
from worker.rules.messages.drafts import Addressee, Draft, draft_message
from worker.rules.messages.templates import MessageTemplate

WORDS = ("Hip hip hooray", "Many happy returns", "Best wishes", "Cheers and cake", "To a good year")


def a_template(
    number: int, language: str = "en", *, late: bool = False, weight: int = 1, body: str = ""
) -> MessageTemplate:
    return MessageTemplate(
        number, language, late, body or f"{WORDS[number % 5]}, {{{{ first_name }}}}!", weight
    )


def written(
    templates: list[MessageTemplate],
    *,
    name: str = "Anna Smith",
    language: str | None = "en",
    past: tuple[str, ...] = (),
    days_late: int = 0,
    draw: int = 0,
) -> Draft | Reason:
    to = Addressee(1, name, language)
    return draft_message(
        to, templates, past_texts=past, fallback_language="en", days_late=days_late, draw=draw
    )


def the_draft(found: Draft | Reason) -> Draft:
    assert isinstance(found, Draft), found
    return found


def test_the_persons_language_goes_before_the_fallback() -> None:
    templates = [a_template(1), a_template(2, "fr")]
    for draw in range(5):
        assert the_draft(written(templates, language="fr", draw=draw)).language == "fr"


@pytest.mark.parametrize("language", ["de", None])
def test_where_the_language_has_none_or_is_unknown_the_fallback_speaks(language: str | None) -> None:
    assert the_draft(written([a_template(1), a_template(2, "fr")], language=language)).template_id == 1


def test_a_language_that_has_run_out_is_not_changed_for_another() -> None:
    templates = [a_template(1), a_template(2, "fr")]
    assert written(templates, language="fr", past=("Best wishes, Anna",)) is Reason.NO_FRESH_TEMPLATE


def test_late_and_on_the_day_have_texts_of_their_own() -> None:
    templates = [a_template(1, "fr"), a_template(2, late=True)]
    assert the_draft(written(templates, language="fr", days_late=3)).template_id == 2
    assert written([a_template(1)], days_late=1) is Reason.NO_TEMPLATE
    assert written([a_template(1, late=True)]) is Reason.NO_TEMPLATE


def test_the_days_are_told() -> None:
    body = "{{ first_name }}, {{ days_late }} days late"
    assert (
        the_draft(written([a_template(1, late=True, body=body)], days_late=4)).message == "Anna, 4 days late"
    )


def test_who_has_no_name_gets_nothing_even_where_the_text_needs_none() -> None:
    assert written([a_template(1, body="Happy birthday!")], name="🎉") is Reason.NO_NAME


def test_without_any_template_there_is_no_message() -> None:
    assert written([]) is Reason.NO_TEMPLATE
    assert written([a_template(1, "fr")], language="de") is Reason.NO_TEMPLATE


def test_what_the_person_had_from_us_does_not_come_again_however_it_was_dressed() -> None:
    templates = [a_template(1), a_template(2)]
    for draw in range(4):
        draft = the_draft(written(templates, past=("MANY HAPPY RETURNS, ANNA!!! 🎉",), draw=draw))
        assert draft.template_id == 2
    past = ("Many happy returns, Anna", "Best wishes Anna Smith")
    assert written(templates, past=past) is Reason.NO_FRESH_TEMPLATE


def test_a_template_older_than_a_rule_is_passed_over() -> None:
    broken = a_template(1, body="{% for i in range(9) %}Hi{% endfor %}")
    assert the_draft(written([broken, a_template(2)])).template_id == 2
    assert written([broken]) is Reason.NO_TEMPLATE


def test_a_text_that_has_nothing_to_say_so_late_is_passed_over() -> None:
    until_ten = a_template(1, late=True, body="{% if days_late <= 10 %}Best{% endif %}")
    assert the_draft(written([until_ten], days_late=10)).message == "Best"
    assert written([until_ten], days_late=11) is Reason.NO_TEMPLATE


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(-1000, 1000))
def test_over_all_draws_each_comes_as_often_as_its_weight_says(weights: list[int], start: int) -> None:
    templates = [a_template(number, weight=weight) for number, weight in enumerate(weights)]
    draws = range(start, start + sum(weights))
    counts = Counter(the_draft(written(templates, draw=draw)).template_id for draw in draws)
    assert counts == dict(enumerate(weights))


@given(st.permutations([a_template(n, weight=n + 1) for n in range(5)]), st.integers(0, 2**64))
def test_equal_draws_give_equal_messages_in_whatever_order_templates_come(
    templates: list[MessageTemplate], draw: int
) -> None:
    assert written(templates, draw=draw) == written(sorted(templates, key=lambda t: t.id), draw=draw)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_three_birthdays_and_the_late_ones_between_never_repeat_a_default(language: str) -> None:
    templates = [
        MessageTemplate(number, default.language, default.late, default.body)
        for number, default in enumerate(defaults.GREETINGS)
    ]
    past: tuple[str, ...] = ()
    for days_late in (0, 0, 0, 3, 3, 3):
        draft = the_draft(written(templates, language=language, past=past, days_late=days_late, draw=7))
        past = (*past, draft.message)


def test_the_persons_language_and_place_tell_the_given_name() -> None:
    template = [a_template(1, body="Hi {{ first_name }}!")]
    for language, location in (("hu", None), ("en", "Budapest, Hungary")):
        to = Addressee(1, "Fehér Csongor", language, location=location)
        draft = draft_message(to, template, past_texts=(), fallback_language="en", days_late=0, draw=0)
        assert the_draft(draft).message == "Hi Csongor!"
