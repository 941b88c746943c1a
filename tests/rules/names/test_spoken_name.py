"""How people are addressed. The golden previews (test_previews.py) show many more names in messages."""

# ruff: noqa: RUF001 -- names of many scripts have letters that look alike

import pytest

from worker.rules.names.spoken_name import (
    LONGEST_FIRST_NAME,
    LONGEST_FULL_NAME,
    NoName,
    find_name,
    first_name,
    spoken_name,
)


@pytest.mark.parametrize(
    ("full_name", "given_name"),
    [
        ("AJ Styles", "AJ"),
        ("Anna Smith", "Anna"),
        ("  Anna   Smith ", "Anna"),
        ("Anna\nSmith", "Anna"),
        ("Anna\u00a0Smith", "Anna"),
        ("Jean-Noël Dupont", "Jean-Noël"),
        ("O'Neil Patrick", "O'Neil"),
        ("D\u2019Arcy Wu", "D\u2019Arcy"),
        ("O'Brien", ""),
        ("Ana María de la Cruz", "Ana"),
        ("María José García", "María"),
        # titles and degrees
        ("Dr. Jean-Noël", "Jean-Noël"),
        ("Dr. Jean-Noël Dupont", "Jean-Noël"),
        ("Prof. Dr. Anna-Lena Müller", "Anna-Lena"),
        ("Prof. Dr. med. habil. Anna Müller", "Anna"),
        ("Dr. Phil McGraw", "Phil"),
        ("Dr.Anna Smith", "Anna"),
        ("\u738b.\u5c0f\u660e", ""),
        ("PROF. DR. Müller", ""),
        ("Frau Dr. Müller", ""),
        ("Mr. Bean", ""),
        ("Mag Ruffman", "Mag"),
        ("Mag. Eva Huber", "Eva"),
        ("Don Draper", "Don"),
        ("Anna Smith MBA, PMP", "Anna"),
        ("Anna Smith, PhD, MBA", "Anna"),
        ("Anna, PMP", "Anna"),
        ("Anna, XYZ", "Anna"),
        ("Martin, XYZ", "Martin"),
        ("Martin, gardener", "Martin"),
        ("Anna, Berlin", "Anna"),
        ("Dr.", ""),
        ("Ms Dr", ""),
        ('ד"ר נועה לוי', "נועה"),
        # family name first
        ("Dupont, Anne", "Anne"),
        ("DUPONT, ANNE", "Anne"),
        ("DUPONT Anne", "Anne"),
        ("DUPONT Prof", ""),
        ("Tsyrenov Zhalsan Badmaevich", "Zhalsan"),
        ("Müller, Dr. Anna", "Anna"),
        ("van der Berg, Jan", "Jan"),
        ("Smith, A.", ""),
        ("Smith, John, Jr.", "John"),
        ("Anna, gardener", "Anna"),
        ("Anna Smith, Berlin", "Anna"),
        # particles and initials
        ("van der Berg", ""),
        ("Van Der Berg", ""),
        ("Jan van der Berg", "Jan"),
        ("Van Morrison", ""),
        ("A. Smith", ""),
        ("A Smith", ""),
        ("A. Mr Smith", ""),
        ("Anna.B Smith", "Anna"),
        ("J.R.R. Tolkien", ""),
        ("J. Edgar Hoover", "Edgar"),
        ("Anna B. Smith", "Anna"),
        ("X", ""),
        # capitals
        ("JEAN-NOËL DUPONT", "Jean-Noël"),
        ("jean-noël dupont", "Jean-Noël"),
        ("D'ARCY WU", "D'Arcy"),
        ("\u02bbIOLANI KEALOHA", "\u02bbIolani"),
        ("İSMAİL ÇELİK", "İsmail"),
        ("McDonald Smith", "McDonald"),
        ("DeShawn Jackson", "DeShawn"),
        ("JP Dupont", "JP"),
        ("JPB", "JPB"),
        ("ANNA B.", "Anna"),
        # scripts
        ("李小龙", "小龙"),
        ("田中 太郎", "太郎"),
        ("田中太郎 教授", "太郎"),
        ("김 민수", "민수"),
        ("ジョン・スミス", "ジョン"),
        ("Wei Zhang (张伟)", "Wei"),
        ("प्रिया शर्मा", "प्रिया"),
        ("محمد علي", "محمد"),
        ("د. محمد علي", "محمد"),
        ("\u0645\u06cc\u200c\u0646\u0627 \u0631\u0636\u0627", "\u0645\u06cc\u200c\u0646\u0627"),
        ("\u200eNoa Levi\u202c", "Noa"),
        ("Gal·la Puig", "Gal·la"),
        ("Zoe\u0301 Blanc", "Zo\u00e9"),
        ("𝐀𝐧𝐧𝐚 Smith", "Anna"),
        # decoration
        ("An\u2060na\ufeff Smith", "Anna"),
        ("❤️ Anna Smith", "Anna"),
        ("Anna❤️ Smith", "Anna"),
        ("1️⃣ Anna Smith", "Anna"),
        ("👩\u200d💻 Anna", "Anna"),
        ("🎂", ""),
        ("- Anna", "Anna"),
        ("(she/her) Anna", "Anna"),
        ("Anna (she/her) Smith", "Anna"),
        ("Anna Smith (PhD", "Anna"),
        ('William "Bill" Gates', "William"),
        ("William 'Bill' Gates", "William"),
        ("\u201eBill\u201c Gates", "Bill"),
        ("Anna Smith | Coach", "Anna"),
        ("Anna \u2013 Coach & Speaker", "Anna"),
        # no names
        ("Acme GmbH", ""),
        ("The Coffee House", ""),
        ("Acme Services, Inc.", ""),
        ("Nordic Wood AB", ""),
        ("<b>Anna</b>", ""),
        ("{{ first_name }}", ""),
        ("anna_smith99", ""),
        ("x" * (LONGEST_FIRST_NAME + 1), ""),
        ("", ""),
        ("   ", ""),
    ],
)
def test_a_greeting_uses_the_given_name(full_name: str, given_name: str) -> None:
    assert first_name(full_name) == given_name


@pytest.mark.parametrize(
    ("full_name", "whole"),
    [
        ("Anna Smith MBA", "Anna Smith"),
        ("Robert Smith Jr", "Robert Smith"),
        ("Paulo Teixeira Neto", "Paulo Teixeira"),
        ('Robert "Bob" Smith', "Robert Smith"),
        ("Anna Smith | Head of Growth", "Anna Smith"),
        ("Prof. Dr. Anna-Lena Müller, MBA", "Anna-Lena Müller"),
        ("DUPONT, ANNE", "Anne Dupont"),
        ("JAN VAN DER BERG", "Jan van der Berg"),
        ("jan van der berg 🎂", "Jan van der Berg"),
        ("Anna Ma", "Anna Ma"),
        ("J. Edgar Hoover", "J. Edgar Hoover"),
        ("Anna " + "x" * LONGEST_FULL_NAME, "Anna"),
    ],
)
def test_the_full_name_has_no_decoration(full_name: str, whole: str) -> None:
    name = spoken_name(full_name)
    assert name is not None
    assert name.full == whole


@pytest.mark.parametrize(
    ("full_name", "language", "location", "given_name"),
    [
        ("Fehér Csongor", "hu", None, "Csongor"),
        ("Fehér Csongor", "en", "Budapest, Hungary", "Csongor"),
        ("Csongor Fehér", "en", "Budapest, Hungary", "Csongor"),
        ("高山", "ja", None, ""),
        ("高峰", "zh", None, "峰"),
        ("高峰", None, "Shanghai, China", "峰"),
        ("高峰", None, None, ""),
        ("V. Ilamaran", "ta", None, "Ilamaran"),
        ("V. Ilamaran", None, "Chennai, Tamil Nadu, India", "Ilamaran"),
        ("V. Ilamaran", None, None, ""),
        ("ILGIN", "tr", None, "Ilgın"),
        ("ILGIN", None, None, "Ilgin"),
        ("IJA", "nl", None, "IJa"),
        ("IJA", None, None, "Ija"),
        ("YOO MIN-SEO", "ko", None, "Min-seo"),
        ("Sok Dara", "km", None, ""),
        ("Sok Dara", None, None, "Sok"),
    ],
)
def test_a_language_or_a_place_tells_how_a_name_is_built(
    full_name: str, language: str | None, location: str | None, given_name: str
) -> None:
    assert first_name(full_name, language, location) == given_name


@pytest.mark.parametrize(
    ("full_name", "why"),
    [
        ("🎂", NoName.NO_LETTERS),
        ("LinkedIn Member", NoName.STAND_IN),
        ("Late Anna Smith", NoName.DIED),
        ("Nordwind GmbH", NoName.ORGANISATION),
        ("Anna & Tom", NoName.GROUP),
        ("Dr.", NoName.ONLY_TITLES),
        ("Dr. Müller", NoName.ONLY_FAMILY_NAME),
        ("Li Wei", NoName.IN_DOUBT),
    ],
)
def test_the_reason_for_no_name_is_known(full_name: str, why: NoName) -> None:
    assert find_name(full_name) is why
