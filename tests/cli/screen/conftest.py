"""Terminals of a given size, with difficult names and messages behind them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import update

from db.engine import Database
from db.store.people import accounts
from db.tables import Campaign
from tests.builders import a_campaign, a_contact, add_planned, an_account
from tests.cli.screen.model import ScreenTerminal, screen_terminal
from tests.cluster import untraced
from worker.rules.model import CampaignState

Open = Callable[..., ScreenTerminal]

MESSAGES: Final = {
    "Anke de Wit": "I let the date slip by, and I'm sorry. … trust there was cake!  Two blanks.",
    "王小明": "生日快乐王小明，祝你身体健康、工作顺利、万事如意，也希望今天有蛋糕和好朋友相伴。",  # noqa: RUF001 -- its comma
    "김민지": "생일 축하해요, 김민지! 올 한 해도 건강하고 행복한 일이 가득하기를 바랍니다.",
    "Zoé 👩‍👩‍👧‍👦 🇫🇷": "❤️ 🎂 👩‍👩‍👧‍👦 🇫🇷🇩🇪 👍🏽 à toi, Zoé, et à tous ceux que tu aimes ❤️❤️❤️!",
    "สมชาย รัตนา": "สุขสันต์วันเกิดครับคุณสมชายขอให้มีความสุขมากๆสุขภาพแข็งแรงตลอดปีและมีเค้กก้อนใหญ่",
    "अनन्या शर्मा": "जन्मदिन की हार्दिक शुभकामनाएँ, अनन्या! आने वाला वर्ष आपके लिए बहुत अच्छा हो।",
    "ליאור כהן": "יום הולדת שמח, ליאור! מאחל לך שנה נפלאה, בריאות טובה ועוגה גדולה.",
    "ليلى حداد": "عيد ميلاد سعيد يا ليلى، أتمنى لك سنة مليئة بالصحة والسعادة والنجاح.",
    "Zoe\u0308 Mu\u0308ller": "Alles Gute, Zoe\u0308! " + "Donaudampfschifffahrtskapitänsmütze" * 4,
}
"""Names and messages that terminals measure in different ways."""


@pytest.fixture
def open_screen(environment: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open `rapport ...` in a terminal of a size; COLUMNS and LINES of the environment are wrong."""
    env = untraced() | {"COLUMNS": "37", "LINES": "11", "TERM": "xterm-256color"}
    with ExitStack() as opened:
        yield lambda *given, **size: opened.enter_context(screen_terminal(*given, env=env, **size))


def plan_greetings(database: Database, people: dict[str, str]) -> UUID:
    """Plan a greeting for each of these people in one campaign; return its id."""
    with database.transaction() as session:
        owner = an_account(session)
        accounts.save_session(session, owner.id, b"sealed")
        campaign_id = a_campaign(session, owner)
        session.execute(
            update(Campaign).where(Campaign.id == campaign_id).values(state=CampaignState.PLANNED)
        )
        for number, (name, message) in enumerate(people.items()):
            person = a_contact(session, owner, f"p{number}")
            person.full_name = name
            add_planned(session, owner, person, campaign_id=campaign_id, text=message)
    return campaign_id
