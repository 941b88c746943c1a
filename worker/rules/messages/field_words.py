"""The words by which people and mail-merge programs call the fields of a template, in many languages."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[str, str]] = {
    "first_name": """
        name firstname fname first forename givenname given nickname preferredname callname username
        vorname rufname anrede prenom nombre primernombre nome primeironome nomeproprio naam voornaam
        fornamn tilltalsnamn namn fornavn navn etunimi nimi imie jmeno krestnijmeno meno nev keresztnev utonev
        isim adi adiniz prenume nume ime eesnimi vards vardas nama namapertama ten
        имя имени імя име όνομα שם שםפרטי اسم الاسم نام नाम ชื่อ
        名前 お名前 氏名 名 名字 姓名 이름 성함
    """,
    "full_name": """
        fullname displayname lastname lname surname familyname completename
        nachname familienname vollername vollstaendigername nom nomdefamille nomcomplet nomprenom
        apellido apellidos nombrecompleto nombreyapellido cognome nomecompleto nomeecognome sobrenome apelido
        achternaam volledigenaam efternamn etternavn efternavn sukunimi nazwisko prijmeni soyadi фамилия
    """,
    "company": """
        company companyname organization organisation organizationname employer firm business workplace
        firma unternehmen arbeitgeber entreprise societe nomdelentreprise empresa azienda societa bedrijf
        foretag virksomhed yritys компания 会社 会社名 公司 회사
    """,
    "headline": """
        headline title jobtitle position role job occupation profession beruf berufsbezeichnung poste titre
        fonction puesto cargo ruolo functie должность 職業 職位
    """,
    "city": """
        city town location place stadt ort wohnort ville ciudad citta cidade stad miasto mesto город 城市 都市
    """,
    "years_known": "years yearsknown yearsconnected numberofyears jahre annees anos anni jaren",
    "days_late": "days dayslate daysago numberofdays tage jours dias giorni dagen",
    "": """
        yourname yourfirstname yourfullname myname mynamehere sendername senderfirstname signature sender
        email emailaddress mail phone date today birthday birthdate age link url message text
        salutation greeting
        deinname ihrname monnom votrenom tunombre sunombre
    """,
}
"""Our field, and what it is called elsewhere. Under "" are words for which there is no field."""

_OWNERS: Final = re.compile(
    r"(?:insert|enter|add|contacts?|recipients?|subscribers?|customers?|users?|persons?|members?|leads?|clients?"
    r"|profiles?|friends?|their|the|his|her|merge|mergefield|field|var|person|linkedin|kontakt|destinataire)+(?=.)"
)
"""Words before a field's name: "insert name here", Contact.FirstName."""


def _fold(text: str) -> str:
    """Return the letters of `text`, casefolded and without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if unicodedata.category(letter)[0] == "L")


_FIELDS: Final = {_fold(word): field for field, words in _WORDS.items() for word in words.split()}

NAME_WORDS: Final = frozenset(
    word for word, field in _FIELDS.items() if field in {"first_name", "full_name"} and len(word) > 3
) - {"first", "given"}
"""Words that mean a name even in parentheses, where "(first)" or "(Ort)" is ordinary text."""


def find_field(content: str, *, words: frozenset[str] | None = None) -> str | None:
    """Return the field that `content` of a placeholder means: "" if Rapport has none, None for other text.

    Ignores case, accents, blanks, signs, and words such as in "insert name here" or "Contact.FirstName". What
    follows a | : , or "or" is a default. With `words`, only these words count.
    """
    head = re.split(r"[|,:;?]|\bor\b", content.lstrip(" !$%#@=&?:*|."))[0]
    word = _fold(head).removesuffix("here") if not head[:1].isdigit() else ""
    for candidate in (word, _OWNERS.sub("", word, count=1) if _OWNERS.match(word) else word):
        if candidate in _FIELDS and (words is None or candidate in words):
            return _FIELDS[candidate]
    return None
