"""What a template may say of a person: only values that can stand in a sentence, else its default."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import Reason
from worker.rules.messages.drafts import Addressee, Draft, draft_message
from worker.rules.messages.links import contains_address, find_shortener
from worker.rules.messages.message_text import MAX_MESSAGE_CHARACTERS, find_message_fault
from worker.rules.messages.personal_values import NOTHING_KNOWN, PersonalValues, personal_values
from worker.rules.messages.template_syntax import OPTIONAL_FIELDS, TemplateRefusedError
from worker.rules.messages.templates import (
    MessageTemplate,
    ValueUnknownError,
    check_template,
    render_template,
)
from worker.rules.names.spoken_name import SpokenName

ANNA = SpokenName("Anna", "Anna Smith")
TODAY = date(2026, 11, 28)


def company(value: object) -> str:
    return personal_values({"company": value}, connected_on=None, today=TODAY).company


@pytest.mark.parametrize(
    "value", ["Orbite", "Spoke & Co", "Müller GmbH", "株式会社", "AT&T", "  Koa  ", "R2-D2 Inc."]
)
def test_an_ordinary_company_is_used_as_it_is(value: str) -> None:
    assert company(value) == value.strip()


@pytest.mark.parametrize(
    "value",
    [
        "", "  ", None, 7, ["Orbite"], {"name": "Orbite"}, "x" * 61, "Or\nbite", "Or\x07bite", "Or\u202ebite",
        "Or\u200bbite", "{name}", "{{ first_name }}", "[Company]", "<b>Orbite</b>", "%name%",
            "https://evil.example",
        "www.evil.example", "evil.example/x", "Booking.com", "bit.ly/x", "\u200d",
    ],
)  # fmt: skip
def test_a_value_that_can_not_stand_in_a_sentence_counts_as_unknown(value: object) -> None:
    assert company(value) == ""


@given(st.dictionaries(st.sampled_from(["company", "headline", "position", "location"]), st.text()))
def test_whatever_a_site_says_the_message_passes_every_check(profile: dict[str, str]) -> None:
    values = personal_values(profile, connected_on=TODAY, today=TODAY)
    body = "{{ first_name }}: {{ company or 'a' }}, {{ headline or 'b' }}, {{ city or 'c' }}"
    said = render_template(body, name=ANNA, days_late=0, values=values)
    assert find_message_fault(said) is None
    assert "{" not in said


@pytest.mark.parametrize(
    ("location", "city"),
    [
        ("Lyon, France", "Lyon"),
        ("Paris, Île-de-France, France", "Paris"),
        ("France", ""),
        ("Greater Boston", ""),
    ],
)
def test_a_city_is_only_what_stands_before_a_comma(location: str, city: str) -> None:
    assert personal_values({"location": location}, connected_on=None, today=TODAY).city == city


@pytest.mark.parametrize(
    ("since", "years"),
    [
        (None, 0), (date(2024, 11, 28), 2), (date(2024, 11, 29), 0), (date(2019, 1, 1), 7),
        (date(2030, 1, 1), 0), (date(1800, 1, 1), 0),
    ],
)  # fmt: skip
def test_years_are_whole_and_from_two_on(since: date | None, years: int) -> None:
    assert personal_values({}, connected_on=since, today=TODAY).years_known == years


def test_a_position_stands_in_for_a_headline() -> None:
    assert personal_values({"position": "Baker"}, connected_on=None, today=TODAY).headline == "Baker"


@pytest.mark.parametrize("field", OPTIONAL_FIELDS)
def test_a_default_stands_for_what_is_unknown_and_without_one_the_template_is_not_used(field: str) -> None:
    known = PersonalValues("Orbite", "Lead", "Lyon", 7)
    body = f"Hi {{{{ first_name }}}}, {{{{ {field} }}}}"
    assert render_template(body, name=ANNA, days_late=0, values=known).endswith(str(getattr(known, field)))
    with pytest.raises(ValueUnknownError, match=field):
        render_template(body, name=ANNA, days_late=0, values=NOTHING_KNOWN)
    with_default = body.replace(" }}", " or 'so on' }}").replace("first_name or 'so on'", "first_name")
    assert render_template(with_default, name=ANNA, days_late=0).endswith("so on")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{ first_name or 'you' }}", "can have a default"),
        ("{{ company or '' }}", "it has no visible character"),
        ("{{ company or 1 }}", "nothing else"),
        ("{{ company or first_name ~ 'x' }}", "nothing else"),
        ("{% if company %}Hi{% endif %}", "only compare days_late"),
        (f"{{{{ company }}}}{'x' * 541}", "601 characters"),
        (f"{{{{ company | upper }}}}{'x' * 421}", "601 characters"),
        (f"{{{{ company or '{'y' * 70}' }}}}{'x' * 531}", "601 characters"),
        (f"{{{{ company or '{'y' * 30}' }}}}{{{{ city or '{'z' * 50}' }}}}{'x' * 491}", "601 characters"),
    ],
)
def test_every_combination_of_known_and_unknown_is_checked(body: str, why: str) -> None:
    with pytest.raises(TemplateRefusedError, match=why):
        check_template(body, late=False)


def test_what_fits_in_every_combination_is_accepted() -> None:
    check_template(f"{{{{ company or '{'y' * 60}' }}}}{'x' * (MAX_MESSAGE_CHARACTERS - 60)}", late=False)
    check_template("{{ (company or city or 'x') | upper }} {{ headline | lower or 'y' }}", late=False)


def written(
    *bodies: str,
    values: PersonalValues,
    past: tuple[str, ...] = (),
    signature: str = "",
    language: str = "fr",
) -> Draft | Reason:
    templates = [MessageTemplate(number, "fr", late=False, body=body) for number, body in enumerate(bodies)]
    templates.append(MessageTemplate(99, "en", late=False, body="Happy birthday, {{ first_name }}!"))
    return draft_message(
        Addressee(1, "Anna Smith", language, values=values), templates,
        past_texts=past, fallback_language="en", days_late=0, draw=0, signature=signature,
    )  # fmt: skip


NEEDS, NEEDS_NOTHING = (
    "Bonne fête à {{ company }}, {{ first_name }} !",
    "Joyeux anniversaire, {{ first_name }} !",
)
KNOWN = PersonalValues(company="Orbite")


def test_who_lacks_what_a_template_needs_gets_another_or_none_but_no_other_language() -> None:
    assert isinstance(found := written(NEEDS, NEEDS_NOTHING, values=NOTHING_KNOWN), Draft)
    assert found.message == "Joyeux anniversaire, Anna !"
    assert written(NEEDS, values=NOTHING_KNOWN) is Reason.NO_TEMPLATE
    assert isinstance(found := written(NEEDS, values=KNOWN), Draft)
    assert found.message == "Bonne fête à Orbite, Anna !"


def test_a_signature_stands_on_a_line_of_its_own_and_is_counted() -> None:
    assert isinstance(found := written(NEEDS_NOTHING, values=KNOWN, signature="Amitiés,\nZoé"), Draft)
    assert found.message == "Joyeux anniversaire, Anna !\nAmitiés,\nZoé"
    long = "{{ first_name }}" + "x" * 590
    assert isinstance(written(long, values=KNOWN), Draft)
    assert written(long, values=KNOWN, signature="Zoé Blanc") is Reason.NO_TEMPLATE  # it is never cut


def test_a_signature_makes_no_two_texts_alike_and_no_repetition_new() -> None:
    signature = "With the very warmest wishes from all of us at the office,\nZoé Blanc"
    past = (f"Joyeux anniversaire, Anna !\n{signature}",)
    other = "Mes vœux les plus doux, {{ first_name }}."
    assert isinstance(written(other, values=KNOWN, past=past, signature=signature), Draft)
    for today in (signature, "", "Z."):
        assert written(NEEDS_NOTHING, values=KNOWN, past=past, signature=today) is Reason.NO_FRESH_TEMPLATE


@pytest.mark.parametrize(
    "text", ["see bit.ly/x", "bit.ly", "HTTPS://BIT.LY/x!", "(t.co/x)", "www.tinyurl.com/a"]
)
def test_a_shortener_is_found(text: str) -> None:
    assert find_shortener(text) is not None
    assert contains_address(text)


@pytest.mark.parametrize(
    "text", ["rabbit.ly/x", "bit.ly.example.com", "at.co-op", "a bit. Lyon", "example.com/bit.lyx"]
)
def test_other_addresses_are_no_shorteners(text: str) -> None:
    assert find_shortener(text) is None
