"""How often a template was used is told by the texts that were sent."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.rules.messages.signatures import add_signature
from worker.rules.messages.template_uses import SentText, TemplateUse, count_uses
from worker.rules.messages.templates import render_template
from worker.rules.names.spoken_name import SpokenName

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
ZOE = SpokenName("Zoé", "Zoé Blanc")
PLAIN = "Happy birthday, {{ first_name }}!  Enjoy the day."
CHOICE = (
    "Belated wishes{% if days_late == 1 %} for yesterday{% else %} for the week{% endif %}, {{ first_name }}"
)
DEFAULT = "{{ first_name }}, cheers from all at {{ company or 'your team' }}!"


def sent(body: str, *, late: int = 0, signature: str = "", days_ago: int = 0) -> SentText:
    text = add_signature(render_template(body, name=ZOE, days_late=late), signature)
    return SentText(text, NOW - timedelta(days=days_ago))


def test_each_text_counts_for_the_template_that_it_is_from() -> None:
    texts = [
        sent(PLAIN), sent(PLAIN, signature="Olga\nExample Corp", days_ago=3), sent(CHOICE, late=1),
        sent(CHOICE, late=4, days_ago=1), sent(DEFAULT, days_ago=2), SentText("Happy birthday!", NOW),
    ]  # fmt: skip
    assert count_uses({1: PLAIN, 2: CHOICE, 3: DEFAULT, 4: "Never, {{ first_name }}, used"}, texts) == {
        1: TemplateUse(2, NOW), 2: TemplateUse(2, NOW), 3: TemplateUse(1, NOW - timedelta(days=2)),
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Happy birthday, Zoé! Enjoy the day. And more",
        "Oh: Happy birthday, Zoé! Enjoy the day.",
        "Happy birthday, ",
    ],
)
def test_another_text_counts_for_none(text: str) -> None:
    assert count_uses({1: PLAIN}, [SentText(text, NOW)]) == {}


def test_a_template_without_words_of_its_own_counts_nothing() -> None:
    assert count_uses({1: "{{ first_name }}!"}, [SentText("Zoé!", NOW)]) == {}


def test_many_fields_take_no_longer_than_one() -> None:
    body = "Dear person: " + " ".join(["{{ first_name }}"] * 200) + " end"
    assert count_uses({1: body}, [SentText("Dear person: " + "a " * 2_000, NOW)] * 500) == {}
