"""People are found by any spelling and edited by hand, and accounts can be removed

The folded name is computed by Postgres, because people come in by many statements. A removed account keeps an
empty row: its quota, its audit trail, and hashes of whom it greeted or must not contact. A trigger keeps what
was set by hand, because imports, pages of the site and undone imports all write the same columns.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def fold(value: str) -> str:
    """As db.tables.folding.fold_sql at this revision."""
    plain = (
        f"regexp_replace(lower(normalize({value}, NFKD)), "
        r"'[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
        r"\ufe00-\ufe0f\ufe20-\ufe2f\u00ad\u200b-\u200f\u2060\ufeff\u02bc\u2018\u2019]', '', 'g')"
    )
    plain = f"translate({plain}, 'øłđħŧðıς‐–—·', 'oldhtdiσ----')"  # noqa: RUF001 -- these dashes are meant
    for letter, letters in (("ß", "ss"), ("æ", "ae"), ("œ", "oe"), ("þ", "th")):
        plain = f"replace({plain}, '{letter}', '{letters}')"
    folded = f"case when octet_length({value}) = length({value}) then lower({value}) else {plain} end"
    return f"translate({folded}, '-.,/()|\"''', '        ')"


FACTS = (
    "(coalesce(profile ->> 'headline', '') || ' ' || coalesce(profile ->> 'position', '') || ' ' || "
    "coalesce(profile ->> 'company', '') || ' ' || coalesce(profile ->> 'location', ''))"
)

OLD_MATCH = "e.profile_url = new.profile_url"
NEW_MATCH = "e.profile_url in (new.profile_url, 'sha256:' || encode(sha256(convert_to(new.profile_url, 'UTF8')), 'hex'))"
OLD_NAME_MATCH = r"e.name_key = lower(regexp_replace(btrim(normalize(new.full_name, NFKC)), '\s+', ' ', 'g'))"
NEW_NAME_MATCH = (
    r"e.name_key in (lower(regexp_replace(btrim(normalize(new.full_name, NFKC)), '\s+', ' ', 'g')), "
    r"'sha256:' || encode(sha256(convert_to(lower(regexp_replace(btrim(normalize(new.full_name, NFKC)), '\s+', ' ', "
    r"'g')), 'UTF8')), 'hex'))"
)
OLD_CHECK = "if not new.do_not_contact and exists ("
NEW_CHECK = """if not new.do_not_contact
       and exists (select from exclusions e where e.account_id = new.account_id)  -- most accounts have none
       and exists ("""
OLD_MOVE = "('planned', 'queued')"
NEW_MOVE = "('planned', 'queued'), ('planned', 'proposed')"

HAND_EDITS_STAY = """
create function hand_edits_stay() returns trigger language plpgsql as $$
begin
    if new.by_hand ? 'birthday' then
        new.birth_month := cast(new.by_hand #>> '{birthday,month}' as smallint);
        new.birth_day := cast(new.by_hand #>> '{birthday,day}' as smallint);
        new.birth_year := cast(new.by_hand #>> '{birthday,year}' as smallint);
    end if;
    if new.by_hand ? 'language' then
        new.language := new.by_hand ->> 'language';
    end if;
    return new;
end
$$;
create trigger hand_edits_stay before insert or update on contacts
    for each row when (new.by_hand is not null) execute function hand_edits_stay();
"""


def redefine(function: str, old: str, new: str) -> None:
    """Replace a part of a function's text; fails if it is not there."""
    definition = op.get_bind().scalar(
        sa.text("select pg_get_functiondef(cast(:f as regproc))"), {"f": function}
    )
    if old not in definition:
        raise ValueError(f"{function} has another text than this migration expects")
    op.get_bind().exec_driver_sql(definition.replace(old, new).replace("%", "%%"))


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column(
            "removed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when a person removed it; what remains are counts and hashes, and no list shows it",
        ),
    )
    for column, value in (("folded_name", "full_name"), ("folded_facts", FACTS)):
        computed = sa.Computed(fold(value), persisted=True)
        op.add_column("contacts", sa.Column(column, sa.Text(), computed, nullable=False))
    op.add_column(
        "contacts",
        sa.Column("call_by", sa.Text(), nullable=True, comment="what greetings call the person, set by hand"),
    )
    op.add_column(
        "contacts",
        sa.Column(
            "by_hand",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="birthday and language set by hand; they win over imports and pages",
        ),
    )
    op.execute(HAND_EDITS_STAY)
    redefine("contact_left_alone", OLD_MATCH, NEW_MATCH)
    redefine("contact_left_alone", OLD_NAME_MATCH, NEW_NAME_MATCH)
    redefine("contact_left_alone", OLD_CHECK, NEW_CHECK)
    redefine("action_moved", OLD_MOVE, NEW_MOVE)


def downgrade() -> None:
    redefine("action_moved", NEW_MOVE, OLD_MOVE)
    redefine("contact_left_alone", NEW_CHECK, OLD_CHECK)
    redefine("contact_left_alone", NEW_NAME_MATCH, OLD_NAME_MATCH)
    redefine("contact_left_alone", NEW_MATCH, OLD_MATCH)
    op.execute("drop trigger hand_edits_stay on contacts")
    op.execute("drop function hand_edits_stay()")
    for column in ("by_hand", "call_by", "folded_facts", "folded_name"):
        op.drop_column("contacts", column)
    op.drop_column("accounts", "removed_at")
