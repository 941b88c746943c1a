"""Messages for 60 difficult names in four languages, to be reviewed by a person.

`.venv/bin/python -m tests.rules.golden` writes data/previews.txt again; review its diff before you commit it.
Invisible characters are written as escapes: \\u202f is the space before `!` in French.
"""

# ruff: noqa: RUF001 -- names of many scripts have letters that look alike

from pathlib import Path

from db import defaults
from worker.errors import Reason
from worker.rules.messages.drafts import Addressee, draft_message
from worker.rules.messages.templates import MessageTemplate
from worker.rules.names.spoken_name import spoken_name

PREVIEWS = Path(__file__).parent / "data" / "previews.txt"

NAMES = (
    "Anna Smith",
    "Dr. Jean-Noël",
    "Dr. Jean-Noël Dupont",
    "李小龙",
    "van der Berg",
    "Jan van der Berg",
    "Anna Smith MBA, PMP",
    "Anna Smith, MBA, PMP",
    "🎉 Anna Smith 🎂",
    "🎉",
    "",
    "Prof. Dr. Anna-Lena Müller",
    "Prof. Dr. med. Anna-Lena Müller",
    "Sarah O'Brien",
    "O'Brien",
    "María José García",
    "Ana María de la Cruz",
    "JEAN-NOËL DUPONT",
    "jean-noël dupont",
    "DUPONT Jean-Noël",
    "Dupont, Anne",
    "DUPONT, ANNE",
    "Smith, John, Jr.",
    "Ronald McDonald",
    "DeShawn Jackson",
    "JP Morgan",
    "J.P. Morgan",
    "A. Smith",
    "J. Edgar Hoover",
    "Mr. Bean",
    "Frau Dr. Müller",
    'William "Bill" Gates',
    "„Bill“ Gates",
    "Elizabeth (Liz) Taylor",
    "(she/her) Anna Smith",
    "Anna Smith | Life Coach ✨",
    "Anna Smith – CEO & Founder",
    "★ Anna ★",
    "Zoe\u0301 Blanc",
    "An\u200bna\ufeff Smith",
    "\u202eAnna\u202c Smith",
    "𝐀𝐧𝐧𝐚 𝐒𝐦𝐢𝐭𝐡",
    "Ａｎｎａ",
    "İSMAİL ÇELİK",
    "АННА КАРЕНИНА",
    "Ελένη Παπαδοπούλου",
    "محمد علي",
    "د. ليلى حداد",
    "\u0645\u06cc\u200c\u0646\u0627 \u0631\u0636\u0627",
    'ד"ר נועה לוי',
    "प्रिया शर्मा",
    "ए. पी. जे. अब्दुल कलाम",
    "สมชาย ใจดี",
    "田中 太郎",
    "김 민수",
    "ジョン・スミス",
    "Wei Zhang (张伟)",
    "Gal·la Puig",
    "D’Arcy Wu",
    "{{ first_name }}",
    "<b>Anna</b>",
    "anna_smith99",
    "Acme GmbH",
    "x" * 80,
)
LANGUAGES = ("en", "de", "fr", "es")


def previews() -> str:
    """Return, for each name, how it is read and a message for the day and one for later in each language."""
    templates = [
        MessageTemplate(number, greeting.language, greeting.late, greeting.body)
        for number, greeting in enumerate(defaults.GREETINGS)
    ]
    return "\n".join(_preview(number, name, templates) for number, name in enumerate(NAMES))


def _preview(number: int, full_name: str, templates: list[MessageTemplate]) -> str:
    name = spoken_name(full_name)
    lines = [f"“{full_name}”", f"  called  {name.first} / {name.full}" if name else "  called  nothing"]
    for language in LANGUAGES if name else ():
        for days_late in (0, 1 + number % 10):
            to = Addressee(number, full_name, language)
            draft = draft_message(
                to, templates, past_texts=(), fallback_language="en", days_late=days_late, draw=number
            )
            said = draft if isinstance(draft, Reason) else draft.message
            lines.append(f"  {language} {f'+{days_late}' if days_late else '':4} {said}")
    return "\n".join(map(_visible, lines)) + "\n"


def _visible(line: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line)


if __name__ == "__main__":
    PREVIEWS.write_text(previews(), encoding="utf-8")
