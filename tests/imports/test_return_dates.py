# ruff: noqa: RUF001 -- letters of other scripts are meant
"""The return date in an away message is read in the forms of the larger languages, and never guessed."""

from datetime import date

import pytest

from db.imports.days.return_dates import find_return_date

WRITTEN_ON = date(2026, 11, 28)


@pytest.mark.parametrize(
    "text",
    [
        "I am away until 8 December.", "back on December 8th, 2026", "until the 8th of December",
        "until Dec 8",
        "bis zum 8. Dezember", "bis 08.12.2026", "bis 8.12. im Urlaub", "jusqu\u2019au 8 décembre",
        "hasta el 8 de diciembre de 2026", "fino all\u2019 8 dicembre", "até 8 de dezembro", "tot 8 december",
        "til 8. desember", "8.12. asti", "do 8 grudnia", "do 8. prosince", "2026. december 8-ig",
        "8 Aralık\u2019a kadar", "до 8 декабря", "до 8 грудня", "μέχρι 8 Δεκεμβρίου", "până pe 8 decembrie",
        "12月8日まで", "休假至2026年12月8日", "12월 8일까지", "حتى 8 ديسمبر", "حتى ٨ ديسمبر", "עד 8 בדצמבר",
        "8 दिसंबर तक", "sampai 8 Desember", "đến ngày 8 tháng 12", "back 2026-12-08", "until 08/12",
        "from 1 December to 8 December", "from 1 to 8 December",
    ],
)  # fmt: skip
def test_a_return_date_is_read(text: str) -> None:
    assert find_return_date(text, WRITTEN_ON) == date(2026, 12, 8)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!", "I may be back", "between 8.30 and 17.00", "call 555-12-34", "until 12/1",
        "until 31 February",
        "since 8 November 2026", "until 8 December 2029", "3 days",
    ],
)  # fmt: skip
def test_what_is_no_day_ahead_for_certain_is_left_alone(text: str) -> None:
    assert find_return_date(text, WRITTEN_ON) is None
