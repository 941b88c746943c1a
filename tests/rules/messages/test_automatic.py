# ruff: noqa: RUF001 -- letters of other scripts are meant
"""An away message is no reply; a person who writes that they are away has replied."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.messages.automatic import (
    declares_itself,
    is_automatic,
    list_automatic,
    without_automatic,
)
from worker.rules.model import ThreadMessage

SOON, LATE = timedelta(seconds=2), timedelta(hours=5)
SENT = datetime(2027, 1, 3, 9, tzinfo=UTC)

AWAY = [
    "Thank you for your message. I am away until 8 December.",
    "I\u2019m currently out of the office with limited access to email.",
    "Je suis absente jusqu\u2019au 8 décembre.",
    "Ich bin bis zum 8. Dezember im Urlaub.",
    "Estoy de vacaciones hasta el 8 de diciembre.",
    "Sono fuori ufficio fino all\u2019 8 dicembre.",
    "Estou de férias até 8 de dezembro.",
    "Ik ben op vakantie tot 8 december.",
    "Jag är på semester till den 8 december.",
    "Jeg er på ferie til 8. december.",
    "Olen lomalla 8.12. asti.",
    "Jestem na urlopie do 8 grudnia.",
    "Do 8. prosince jsem na dovolené.",
    "December 8-ig szabadságon vagyok.",
    "8 Aralık\u2019a kadar izindeyim.",
    "Я в отпуске до 8 декабря.",
    "Я у відпустці до 8 грудня.",
    "Απουσιάζω μέχρι 8 Δεκεμβρίου.",
    "Sunt în concediu până pe 8 decembrie.",
    "12月8日まで休暇をいただいております。",
    "我休假至12月8日。",
    "12월 8일까지 휴가입니다.",
    "أنا في إجازة حتى 8 ديسمبر",
    "אני בחופשה עד 8 בדצמבר",
    "मैं 8 दिसंबर तक छुट्टी पर हूँ",
    "Saya sedang cuti sampai 8 Desember.",
    "Tôi nghỉ phép đến ngày 8 tháng 12.",
]
DECLARED = [
    "Automatic reply: hello", "This is an automated message.", "[Auto-Reply] Hi",
    "Réponse automatique : bonjour",
    "Automatische Antwort: Danke", "Respuesta automática", "Risposta automatica", "これは自動返信です。",
    "自动回复：您好", "자동 회신입니다", "رد تلقائي: شكرا", "תשובה אוטומטית", "Автоматический ответ: спасибо",
    "Hello! This is an automatic reply.", "Trả lời tự động: xin chào", "Automatikus válasz", "Otomatik yanıt",
]  # fmt: skip
HUMAN = [
    "Thanks!", "Merci beaucoup !", "Danke dir!", "Gracias", "Grazie mille",
    "ありがとうございます！", "谢谢！",
    "감사합니다", "شكرا جزيلا", "Спасибо большое!", "I thought for a moment this was an automatic reply",
    "Was that an automatic reply?", "Thank you for your message, it made my day",
]  # fmt: skip


@pytest.mark.parametrize("text", AWAY)
def test_an_away_message_is_automatic_right_after_ours_and_a_persons_own_words_hours_later(text: str) -> None:
    assert is_automatic(text, marked=False, after=SOON)
    assert not is_automatic(text, marked=False, after=LATE)
    assert not is_automatic(text, marked=False, after=None)


@pytest.mark.parametrize("text", DECLARED)
def test_what_says_that_it_is_automatic_is_so_at_any_time(text: str) -> None:
    assert is_automatic(text, marked=False, after=LATE)


@pytest.mark.parametrize("text", HUMAN)
def test_a_fast_answer_is_a_reply(text: str) -> None:
    assert not is_automatic(text, marked=False, after=SOON)
    assert not declares_itself(text)


def test_a_person_who_is_away_replies_hours_later_and_a_slow_mail_server_does_not() -> None:
    assert not is_automatic("I'm away until Monday but thanks!", marked=False, after=timedelta(minutes=9))
    slow = "I am out of the office until 8 December and will get back to you then."
    assert is_automatic(slow, marked=False, after=timedelta(minutes=9))
    assert not is_automatic(slow, marked=False, after=timedelta(minutes=11))


@given(st.text(max_size=30), st.none() | st.timedeltas())
def test_the_sites_mark_decides(text: str, after: timedelta | None) -> None:
    assert is_automatic(text, marked=True, after=after)


def test_only_the_automatic_answers_of_a_thread_are_left_out() -> None:
    at = [SENT + timedelta(seconds=seconds) for seconds in (0, 2, 90_000, 90_100)]
    thread = [
        ThreadMessage(True, "Happy birthday, Ann!", at[0]),
        ThreadMessage(False, AWAY[0], at[1]),
        ThreadMessage(False, AWAY[0], at[2]),
        ThreadMessage(False, "Hello", at[3], automatic=True),
    ]
    assert without_automatic(thread) == [thread[0], thread[2]]
    assert list_automatic(thread) == [thread[1], thread[3]]
