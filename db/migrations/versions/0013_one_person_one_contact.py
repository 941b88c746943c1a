"""A member id is another key of the same person

Two contacts that prove to be one are merged: one stays, the other becomes an empty row, as after erasure.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

REASONS = ("address_moved", "maybe_same_person", "merged")
REASON_COLUMNS = (("accounts", "stop_reason"), ("campaigns", "reason"), ("actions", "reason"))

HAS_ID = "new.profile_url like '%/in/AC_AA%'"
"""A quick test; the function looks closely."""

FUNCTION = """
create function contact_has_member_id() returns trigger language plpgsql as $$
begin
    if new.profile_url !~ '/in/AC[a-z]AA[A-Za-z0-9_-]{8,}/$' then
        return new;
    end if;
    if tg_op = 'INSERT' and exists (
        select from contacts c
        where c.account_id = new.account_id and c.member_url = new.profile_url
          and c.profile_url <> new.profile_url
    ) then
        return null;  -- known by another address
    end if;
    new.member_url := new.profile_url;
    return new;
end
$$
"""

OLD_SAME = "old.profile_url = new.profile_url and old.full_name = new.full_name then"
NEW_SAME = (
    "old.profile_url = new.profile_url and old.full_name = new.full_name\n"
    "       and old.member_url is not distinct from new.member_url then"
)
OLD_MATCH = "e.profile_url in (new.profile_url, 'sha256:' || encode(sha256(convert_to(new.profile_url, 'UTF8')), 'hex'))"
NEW_MATCH = (
    f"{OLD_MATCH}\n"
    "               or e.profile_url in (new.member_url, "
    "'sha256:' || encode(sha256(convert_to(new.member_url, 'UTF8')), 'hex'))"
)


def redefine(function: str, old: str, new: str) -> None:
    """Replace a part of a function's text; fails if it is not there."""
    definition = op.get_bind().scalar(
        sa.text("select pg_get_functiondef(cast(:f as regproc))"), {"f": function}
    )
    if old not in definition:
        raise ValueError(f"{function} has another text than this migration expects")
    op.get_bind().exec_driver_sql(definition.replace(old, new).replace("%", "%%"))


def change_reasons(change: str) -> None:
    """Rewrite the checks of reasons, starting from what they allow now."""
    for table, column in REASON_COLUMNS:
        name = f"ck_{table}_{column}"
        allowed = op.get_bind().scalar(
            sa.text(
                "select string_agg(m[1], ',') from pg_constraint, "
                "regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g') m where conname = :name"
            ),
            {"name": name},
        )
        reasons = set(allowed.split(","))
        reasons = reasons | set(REASONS) if change == "add" else reasons - set(REASONS)
        listed = ", ".join(f"'{reason}'" for reason in sorted(reasons))
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, f"{column} in ({listed})")


def watch_exclusions(columns: str) -> None:
    op.execute("drop trigger contact_left_alone on contacts")
    op.execute(
        f"create trigger contact_left_alone before insert or update of {columns} on contacts "
        "for each row execute function contact_left_alone()"
    )


def upgrade() -> None:
    change_reasons("add")
    op.add_column(
        "contacts",
        sa.Column("member_url", sa.Text(), nullable=True, comment="the address by member id, case-sensitive"),
    )
    op.add_column(
        "contacts",
        sa.Column(
            "moved_to",
            sa.Text(),
            nullable=True,
            comment="the other member's address by id to whom the profile address belongs now; a person decides",
        ),
    )
    op.create_table(
        "identity_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "other_id", sa.BigInteger(), nullable=True, comment="the contact merged, or another person"
        ),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True, comment="the former address"),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "what in ('accepted', 'address', 'distinct', 'merged', 'moved')",
            name=op.f("ck_identity_changes_what"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_identity_changes_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_identity_changes_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["contacts.id"], name=op.f("fk_identity_changes_other_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_changes")),
    )
    op.create_index(op.f("ix_identity_changes_contact_id"), "identity_changes", ["contact_id"])
    op.create_index(op.f("ix_identity_changes_other_id"), "identity_changes", ["other_id"])
    op.create_index(
        op.f("ix_identity_changes_account_id_before"), "identity_changes", ["account_id", "before"]
    )
    op.execute(
        "update contacts set member_url = profile_url where profile_url ~ '/in/AC[a-z]AA[A-Za-z0-9_-]{8,}/$'"
    )
    op.create_index(
        op.f("uq_contacts_member_url_account_id"),
        "contacts",
        ["member_url", "account_id"],
        unique=True,
        postgresql_where=sa.text("member_url is not null"),
    )
    op.execute(FUNCTION)
    op.execute(
        "create trigger contact_has_member_id before insert or update of profile_url on contacts "
        f"for each row when ({HAS_ID}) execute function contact_has_member_id()"
    )
    redefine("contact_left_alone", OLD_SAME, NEW_SAME)
    redefine("contact_left_alone", OLD_MATCH, NEW_MATCH)
    watch_exclusions("profile_url, full_name, member_url")


def downgrade() -> None:
    watch_exclusions("profile_url, full_name")
    redefine("contact_left_alone", NEW_MATCH, OLD_MATCH)
    redefine("contact_left_alone", NEW_SAME, OLD_SAME)
    op.execute("drop trigger contact_has_member_id on contacts")
    op.execute("drop function contact_has_member_id()")
    op.drop_index(op.f("uq_contacts_member_url_account_id"), "contacts")
    op.drop_table("identity_changes")
    op.drop_column("contacts", "moved_to")
    op.drop_column("contacts", "member_url")
    for table, column in REASON_COLUMNS:
        listed = ", ".join(f"'{reason}'" for reason in REASONS)
        op.execute(f"update {table} set {column} = 'profile_gone' where {column} in ({listed})")
    change_reasons("remove")
