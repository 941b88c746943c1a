"""What a new database starts with: greetings of good taste in English and French."""

from sqlalchemy.orm import Session

from db.store import templates

GREETINGS = (
    ("en", False, "Happy birthday, {{ first_name }}! I hope you have a lovely day."),
    ("en", False, "Many happy returns, {{ first_name }}. Enjoy your day!"),
    ("en", False, "Happy birthday {{ first_name }}, and all the best for the year ahead."),
    ("en", True, "A belated happy birthday, {{ first_name }}! I hope you had a lovely day."),
    ("en", True, "I'm a little late, {{ first_name }}, but wish you a happy birthday all the same."),
    ("fr", False, "Joyeux anniversaire {{ first_name }} ! Je vous souhaite une très belle journée."),
    ("fr", False, "Bon anniversaire {{ first_name }}, et tous mes vœux pour l'année qui vient."),
    ("fr", True, "Avec un peu de retard, joyeux anniversaire {{ first_name }} !"),
)


def seed(session: Session) -> None:
    """Add the default templates; what is there already stays as it is."""
    for language, late, body in GREETINGS:
        templates.add(session, account_id=None, language=language, late=late, body=body)
