"""What a page or an error says is cut to its bound, and so is what was stored before there were bounds."""

from collections.abc import Callable
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from db import migrate
from db.engine import Database
from db.store.people import profiles
from db.tables import Action, Campaign, Contact, Exclusion, Interaction
from tests.builders import SANDBOX, a_contact, add_planned, an_account
from worker.rules.sourcing.profile import Education, Position, Profile
from worker.rules.texts.bounds import MAX_ERROR, MAX_NAME, MAX_TEXT

ENDLESS: Final = "😀" * 6_000


def test_what_a_page_or_an_error_says_is_cut_and_recorded(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann", name="A\0nn" + ENDLESS)
        add_planned(session, account, ann)
        session.execute(update(Action).values(detail=f"the page said \0 {ENDLESS}"))
        session.execute(update(Campaign).values(detail=ENDLESS))
        seen = Interaction(
            account_id=account.id, contact_id=ann.id, source_key="seen:1", type="greet", status="seen",
            occasion="by_hand", message=ENDLESS, reply="short \ud800", correlation_id="test",
        )  # fmt: skip
        session.add_all([seen, Exclusion(account_id=account.id, name_key="bob", note=ENDLESS)])
    with database.transaction() as session:
        columns = (Action.detail, Campaign.detail, Interaction.message, Interaction.reply, Exclusion.note)
        told = [str(session.scalars(select(column)).one()) for column in columns]
        name = session.scalars(select(Contact.full_name)).one()
    assert [len(each) for each in told] == [MAX_ERROR, MAX_ERROR, MAX_TEXT, len("short �"), MAX_ERROR]
    assert told[0].startswith("the page said � 😀")
    assert told[0].endswith("…")
    assert (len(name), name[:4]) == (MAX_NAME, "A�nn")


def test_the_longest_profile_is_stored_within_its_bound(database: Database) -> None:
    address = f"{SANDBOX}{'ann' * 150}/"
    endless = Profile(
        address, ENDLESS, ENDLESS, ENDLESS, 1, False, about=ENDLESS,
        positions=(Position(ENDLESS, ENDLESS, None, None),) * 500,
        education=(Education(ENDLESS, ENDLESS, None, None),) * 500,
        skills=(ENDLESS,) * 500, languages=(ENDLESS,) * 500, certifications=(ENDLESS,) * 500,
    )  # fmt: skip
    with database.transaction() as session:
        ann = a_contact(session, an_account(session), "ann")
        profiles.save_profile(session, ann.id, endless)
    with database.transaction() as session:
        found = profiles.find_profile(session, ann.id)
    assert found is not None
    assert found.profile.profile_url == address
    assert found.profile.about is not None
    assert len(found.profile.about) == MAX_TEXT


def test_texts_from_before_the_bounds_are_cut_and_the_migration_can_be_repeated(database: Database) -> None:
    engine = database.engine
    before = str(ScriptDirectory.from_config(migrate._config()).get_revision("0035").down_revision)
    migrate_by(engine, command.downgrade, before)
    with database.transaction() as session:
        account = an_account(session)
        ann = a_contact(session, account, "ann")
        add_planned(session, account, ann)
        write_too_much(session, ann.id)
    migrate_by(engine, command.upgrade, "0035")
    with engine.begin() as connection:
        assert tuple(connection.execute(text(LENGTHS)).one()) == (5_000, 1_000, 500, 200, 1, 300)
        assert connection.scalar(text("select count(*) from profiles")) == 0
        cut = text("select enabled from message_templates where body like 'xx%'")
        assert connection.scalars(cut).all() == [False, False]
        connection.execute(text("update alembic_version set version_num = :before"), {"before": before})
    migrate_by(engine, command.upgrade, "0035")
    migrate.upgrade_schema(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from pg_constraint where not convalidated")) == 0


def migrate_by(engine: Engine, way: Callable[[Config, str], None], revision: str) -> None:
    with engine.connect() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        way(config, revision)


LENGTHS: Final = """
select length(a.message), length(a.detail), length(c.full_name), length(c.hold_by),
       (select count(*) from jsonb_object_keys(c.profile)), length(c.profile ->> 'headline')
from actions a join contacts c on c.id = a.contact_id
"""


def write_too_much(session: Session, contact_id: int) -> None:
    """Write several too long texts into one row, as older releases let happen."""
    of_ann = {"ann": contact_id}
    session.execute(text("update actions set message = repeat('x', 6000), detail = repeat('y', 6000)"))
    session.execute(
        text(
            "update contacts set full_name = repeat('Ann ', 200), hold_by = repeat('b', 900), profile = "
            "jsonb_build_object('headline', repeat('h', 900), 'skills', to_jsonb(array_fill(repeat('s', 50), "
            "array[20001]))) where id = :ann"
        ),
        of_ann,
    )
    session.execute(
        text("insert into profiles (contact_id, profile) values (:ann, to_jsonb(repeat('p', 1000001)))"),
        of_ann,
    )
    session.execute(
        text(
            "insert into message_templates (account_id, language, late, body) "
            "select null, 'en', false, repeat('x', 5000) || ending from unnest(array['a', 'b']) ending"
        )
    )
