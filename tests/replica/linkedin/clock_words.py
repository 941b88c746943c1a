"""Times as the pages write them, by language."""

# ruff: noqa: RUF001 -- pages contain curly apostrophes

from datetime import datetime

_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "es": "ene feb mar abr may jun jul ago sept oct nov dic",
    "pl": "sty lut mar kwi maj cze lip sie wrz paź lis gru",
}
_DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "pl": "poniedziałek wtorek środa czwartek piątek sobota niedziela",
}
_TODAY = {"en": "Today", "fr": "Aujourd’hui", "de": "Heute", "es": "Hoy", "pl": "Dzisiaj"}


def clock(at: datetime, language: str) -> str:
    """Return the time of day: "10:29 AM" in English, "10:29" elsewhere."""
    return f"{at.hour % 12 or 12}:{at:%M %p}" if language == "en" else f"{at:%H:%M}"


def short_date(at: datetime, language: str) -> str:
    """Return day and month: "Nov 10", "10 nov.", "10. Nov."."""
    month = _MONTHS[language].split()[at.month - 1]
    if language == "en":
        return f"{month} {at.day}"
    return f"{at.day}. {month}" if language == "de" else f"{at.day} {month}"


def day_heading(at: datetime, now: datetime, language: str) -> str:
    """Return the heading of a day in a conversation: "Today", a weekday, or a date."""
    days = (now.date() - at.date()).days
    if days == 0:
        return _TODAY[language]
    return _DAYS[language].split()[at.weekday()] if 0 < days < 7 else short_date(at, language)


def row_time(at: datetime, now: datetime, language: str) -> str:
    """Return the time of a row of the inbox."""
    if at.date() == now.date():
        return clock(at, language)
    return short_date(at, language) if at.year == now.year else f"{short_date(at, language)} {at.year}"
