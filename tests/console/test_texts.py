"""The catalogue of texts: up to date, whole in each language, and with the same fields."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from api_stub.console import i18n

SCRIPT = Path("docs/update_console_texts.py")
FIELD = re.compile(r"%\((\w+)\)[a-z]")
CODE = re.compile(r"`[^`]*`")
TRANSLATIONS = [locale for locale in i18n.LOCALES if locale != "en"]


def test_the_catalogues_have_the_texts_of_the_pages() -> None:
    checked = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def list_forms(text: object) -> list[str]:
    """Return the text, or its singular and plural."""
    return [str(each) for each in text] if isinstance(text, list | tuple) else [str(text)]


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_every_translation_is_there_and_has_the_fields_of_its_text(locale: str) -> None:
    with (i18n.FOLDER / locale / "LC_MESSAGES" / "console.po").open("rb") as source:
        catalogue = read_po(source, locale=locale)
    for message in catalogue:
        if not message.id:
            continue
        texts, wanted = list_forms(message.string), list_forms(message.id)
        assert all(texts), message.id
        for text, original in zip(texts, wanted, strict=True):
            assert set(FIELD.findall(text)) <= set(FIELD.findall(" ".join(wanted))), (message.id, text)
            missing = set(FIELD.findall(original)) - set(FIELD.findall(text))
            assert missing <= {"count", "num", "n"}, (message.id, text)  # "one", in words, needs no number
            assert set(CODE.findall(text)) == set(CODE.findall(wanted[-1])), (message.id, text)
            assert text == text.strip() or wanted[0] != wanted[0].strip(), (message.id, text)
            assert not re.search(r"\w [:;!?](?!\w)", text), f"no no-break space before the mark: {text}"


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("fr", "fr"), ("fr-CA,en;q=0.5", "fr"), ("en;q=0.5,fr;q=0.9", "fr"), ("de,fr;q=0.3,en;q=0.2", "fr"),
        ("de", "en"), ("", "en"), ("fr;q=0", "en"), ("*", "en"), ("fr;q=x, en", "en"), ("a" * 5000, "en"),
    ],
)  # fmt: skip
def test_the_language_is_the_browsers(accepted: str, chosen: str) -> None:
    assert i18n.choose_locale(accepted) == chosen
