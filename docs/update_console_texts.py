"""Collect the console's texts into its catalogue, and keep its translations.

Usage: .venv/bin/python docs/update_console_texts.py [--check]

Writes api_stub/console/locale/console.pot and updates locale/*/LC_MESSAGES/console.po; texts that nobody
translated yet are listed. With --check, nothing is written, and it fails if a catalogue isn't up to date.
"""

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from api_stub.console import i18n
from api_stub.responses import proposal_words
from db.store.actions.review.approval import REFUSALS
from worker.errors import Reason
from worker.rules.messages import text_checks
from worker.rules.messages.template_syntax import TEMPLATE_FIELDS
from worker.rules.notices import deliveries
from worker.rules.sites.registry import SITES
from worker.rules.subscriptions import readings
from worker.rules.wording.reasons import describe_reason

CONSOLE = Path(i18n.__file__).parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
POT = i18n.FOLDER / f"{i18n.DOMAIN}.pot"


def main() -> None:
    """Update the catalogues, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    template = collect()
    files = {POT: render(template)}
    for path in sorted(i18n.FOLDER.glob(f"*/LC_MESSAGES/{i18n.DOMAIN}.po")):
        with path.open("rb") as source:
            catalogue = read_po(source, locale=path.parent.parent.name)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        files[path] = render(catalogue)
        for message in catalogue:
            if message.id and not all(message.string if message.pluralizable else [message.string]):
                sys.stdout.write(f"{path.parent.parent.name}: not translated: {message.id!r}\n")
    stale = [path for path, text in files.items() if not path.exists() or path.read_bytes() != text]
    if check and stale:
        sys.exit(f"not up to date: {', '.join(path.name for path in stale)}; run {Path(__file__).name}")
    for path in stale:
        path.write_bytes(files[path])


def collect() -> Catalog:
    """Return the texts of the console's templates and code, and the words that it shares with others."""
    catalogue = Catalog(project="Rapport", charset="utf-8")
    found = extract_from_dir(
        CONSOLE, METHODS, {"templates/**.html": {"trimmed": "true"}}, comment_tags=("Translators:",)
    )
    for path, _line, message, comments, context in found:
        catalogue.add(message, None, [(path, None)], auto_comments=comments, context=context)
    for text in shared_texts():
        catalogue.add(text, None, [("worker/rules/wording", None)])
    return catalogue


def shared_texts() -> Iterator[str]:
    """Yield the words that come from the rules: every page that shows one translates it."""
    for reason in Reason:
        yield describe_reason(reason)
    yield from (*text_checks.PHRASES, *proposal_words.PHRASES, *REFUSALS.values())

    yield from TEMPLATE_FIELDS.values()
    yield from dict.fromkeys((*readings.WHAT_HAPPENED.values(), *readings.WHAT_TO_DO.values()))
    yield from dict.fromkeys(deliveries.WHAT_HAPPENED.values())
    yield from (site.risk_notice for site in SITES.values() if site.offered and site.risk_notice)


def render(catalogue: Catalog) -> bytes:
    """Return a catalogue as a file: sorted, and without what changes with each run."""
    written = io.BytesIO()
    write_po(written, catalogue, sort_output=True, width=100, omit_header=True)
    header = b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    plural = b'"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n' if catalogue.locale else b""
    return header + plural + b"\n" + written.getvalue().lstrip(b"\n")


if __name__ == "__main__":
    main()
