"""Fields that are written as in another program are found, and ordinary text is left alone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.messages.approval import TextRefusedError, validate_message
from worker.rules.messages.field_words import find_field
from worker.rules.messages.placeholders import find_placeholders
from worker.rules.messages.templates import TEMPLATE_FIELDS, TemplateRefusedError, check_template

NAMES = (
    # braces, of any number and width
    "{first_name}", "{ name }", "{Name}", "{FIRST NAME}", "{{name}}", "{{{name}}}", "{{ First Name }}", "{{name}",
    "{name}}", "｛name｝", "｛｛名前｝｝", "﹛name﹜", "❴name❵", "{vorname}", "{prénom}", "{PRÉNOM}", "{prénom}",
    "{{ nombre }}", "{имя}", "{이름}", "{0first_name}", "${name}", "#{name}", "@{name}", "{!Contact.FirstName}",
    "{{contact.firstname}}", "{{ user.firstName }}", "{name|there}", '{{first_name|default:"there"}}',
    "{{ first_name | default('there') }}", "{{name or 'you'}}", "{first name, fallback=there}",
    # other signs around a word that names a field
    "[First Name]", "[NAME]", "[[name]]", "[insert name here]", "[Contact's first name]", "<name>", "<First Name>",
    "<<First_Name>>", "«Prénom»", "«First_Name»", "‹name›", "&lt;name&gt;", "<%= name %>", "<?= $name ?>", "＜name＞",
    "【名前】", "[имя]", "[név]", "%name%", "%FIRSTNAME%", "%%First Name%%", "％name％", "$name", "$name$",
    "$first_name", "*|FNAME|*", "*|FIRST_NAME|*", "|name|", "#name#", "##Name##", "@name", "@@name@@", "~name~",
    "~Contact.FirstName~", "^name^", "__name__", "_name_", "*name*", ":name", "(name)", "(First Name)", "%(name)s",
    # words that nobody writes in a text
    "first_name", "FNAME", "FIRSTNAME", "FIRST_NAME", "firstName", "%s", "%1$s",
    # the right way, within the signs of another
    "<{{ first_name }}>", "[{{ first_name }}]", "%{{first_name}}%", "*|{{ first_name }}|*", "${{ first_name }}",
    "{ {{ first_name }} }",
)  # fmt: skip

OTHERS = (
    "{smile}", "{0}", "{}", "{ }", "{x}", "{", "}", "{{", "}}", "{name", "name}", "*|HOBBY|*", "[Your Name]",
    "[email]", "%date%", "{unsubscribe_link}", "{% raw %}{{ name }}{% endraw %}", "{{ '[Name]' }}",
)  # fmt: skip
"""What is refused, though no corrected text can be offered."""

ORDINARY = (
    "I <3 you", "50 % off, 20% more", "100%!", "up 5 %s", "[sic]", "[...]", "[1] [x] [ok]", "{{ first_name }}'s day",
    "🎂🎉 <3 :-) ;-}", ":-{", "{ :-) } 100 %", "{^o^}", "$100 and A$AP", "a < b > c", "5 < 6 name > 4",
    "« Bon anniversaire, {{ first_name }} ! »", "“{{ first_name }}”", "({{ full_name }})", "~ {{ first_name }} ~",
    "*{{ first_name }}*", "Happy name day!", "your first name", "Name: {{ first_name }}, today", "(first) (Ort)",
    "#birthday @anna", "anna@name.com", ":cake: :tada:", "*hugs* _really_ ~ok~", "10% city 20% discount",
    "a name, a company & a city", "{{ first_name | upper }}", "{# a note #}Hi", "name/first", "it’s 5–6 % | name",
    "{{ company or 'your team' }}", "{{ company | upper or 'x' }}", "<Anna>", "3 %d’intérêt", "C:\\name",
    "«name day»", "(my name is Zoé)", "https://example.com/?name=x", "= name =", "名前", "💯%",
)  # fmt: skip


@pytest.mark.parametrize("written", NAMES)
def test_a_name_in_another_spelling_is_refused_with_the_corrected_text(written: str) -> None:
    with pytest.raises(TemplateRefusedError) as refused:
        check_template(f"Happy birthday, {written}!", late=True)
    said = str(refused.value)
    if written != "{0first_name}":  # a digit first: no word of ours
        assert "'Happy birthday, {{ first_name }}!'" in said
        assert "write {{ first_name }}" in said
        assert written in said
        check_template("Happy birthday, {{ first_name }}!", late=True)


@pytest.mark.parametrize("written", OTHERS)
def test_what_has_no_field_is_refused_too(written: str) -> None:
    with pytest.raises(TemplateRefusedError) as refused:
        check_template(f"Dear friend {written} !", late=True)
    assert "write {{" not in str(refused.value)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_accepted(text: str) -> None:
    check_template(f"Dear {text}", late=True)
    check_template(text, late=True)


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
        ("[Name], {company|your team} and {city}", "{{ first_name }}, {{ company or 'your team' }} and {{ city }}"),
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


def test_the_sender_is_shown_the_signature() -> None:
    with pytest.raises(TemplateRefusedError, match="templates signature"):
        check_template("Happy birthday, {{ first_name }}! [Your Name]", late=False)


def test_the_place_is_that_of_an_editor() -> None:
    with pytest.raises(TemplateRefusedError, match=r"\[Name\] at character 4 of line 2"):
        check_template("Hello,\nHi [Name]", late=False)


@given(st.sampled_from(["{%s}", "{{%s}}", "[%s]", "<%s>", "%%%s%%", "*|%s|*", "«%s»"]), st.sampled_from(sorted(TEMPLATE_FIELDS)))
def test_every_field_is_found_between_any_signs(signs: str, field: str) -> None:
    spelt = field.replace("_", " ").title()
    assert [found.field for found in find_placeholders(f"x {signs % spelt} y")] == [field]


@given(st.text())
def test_any_text_is_searched_and_only_placeholders_are_cut_out(text: str) -> None:
    found = find_placeholders(text)
    assert all(text[each.start : each.end] == each.written for each in found)
    assert all(one.end <= other.start for one, other in zip(found, found[1:], strict=False))


@given(st.text(st.characters(blacklist_characters="{}｛｝﹛﹜❴❵⦃⦄", blacklist_categories=["Cs"]), max_size=60))
def test_between_other_signs_only_words_that_name_a_field_count(text: str) -> None:
    words = ("name", "Name", "NAME")
    if not any(find_field(part) is not None for part in (text, *re.findall(r"\w+", text))) and not any(
        word in text for word in words
    ):
        assert [each for each in find_placeholders(text) if not re.search(r"%(\d\$)?[sd]|\*\|", each.written)] == []
