"""Birthdays as people want them

Imports that can be undone, exclusions that also meet who comes later, approval bound to a text, and
interactions that no action of ours made.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD_REASONS = (
    "account_paused",
    "account_stopped",
    "all_day_limit",
    "all_week_limit",
    "already_greeted",
    "breaker_open",
    "breaker_probe",
    "broker_unreachable",
    "campaign_cancelled",
    "campaign_paused",
    "cannot_tell",
    "challenge",
    "contact_replied",
    "day_limit",
    "do_not_contact",
    "gap",
    "kill_switch",
    "lease_lapsed",
    "lease_lost",
    "limit_page",
    "no_template",
    "not_connected",
    "not_signed_in",
    "outside_hours",
    "profile_gone",
    "proof_missing",
    "quota_changed",
    "quota_unreadable",
    "run_limit",
    "settled_by_hand",
    "site_unexpected",
    "site_unreachable",
    "too_many_attempts",
    "unexpected",
    "week_limit",
    "wrong_recipient",
)
NEW_REASONS = (
    "awaiting_approval",
    "dropped_by_hand",
    "expired",
    "no_fresh_template",
    "no_name",
    "not_approved",
    "one_voice",
    "written_by_hand",
)
REASON_COLUMNS = (("accounts", "stop_reason"), ("campaigns", "reason"), ("actions", "reason"))
OLD_SAYS_WHY = "'failed', 'needs_review', 'skipped', 'uncertain'"
NEW_SAYS_WHY = "'failed', 'needs_review', 'proposed', 'skipped', 'uncertain'"

# NEW.name_key is not computed yet where a BEFORE trigger runs, so the expression stands here once more.
LEAVE_ALONE = """
create function contact_left_alone() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.profile_url = new.profile_url and old.full_name = new.full_name then
        return new;  -- nobody new: a person may have allowed this one since
    end if;
    if not new.do_not_contact and exists (
        select from exclusions e
        where e.account_id = new.account_id and e.occasion is null
          and (e.profile_url = new.profile_url
               or e.name_key = lower(regexp_replace(btrim(normalize(new.full_name, NFKC)), '\\s+', ' ', 'g')))
    ) then
        new.do_not_contact := true;
    end if;
    return new;
end
$$
"""


def allow_reasons(reasons: tuple[str, ...], says_why: str) -> None:
    listed = ", ".join(f"'{reason}'" for reason in sorted(reasons))
    for table, column in REASON_COLUMNS:
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} in ({listed})")
    op.drop_constraint(op.f("ck_actions_says_why"), "actions", type_="check")
    op.create_check_constraint(
        op.f("ck_actions_says_why"), "actions", f"reason is not null or not state in ({says_why})"
    )


def upgrade() -> None:
    allow_reasons(OLD_REASONS + NEW_REASONS, NEW_SAYS_WHY)
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False, comment="its last part only"),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "report",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="counts: read, new, changed, same, refused, by table",
        ),
        sa.CheckConstraint(
            "source in ('csv', 'google', 'icalendar', 'linkedin', 'v1', 'vcard')",
            name=op.f("ck_imports_source"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_imports_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_account_id", "imports", ["account_id", "id"], unique=False)
    op.create_table(
        "exclusions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("profile_url", sa.Text(), nullable=True),
        sa.Column("name_key", sa.Text(), nullable=True),
        sa.Column(
            "occasion",
            sa.Text(),
            nullable=True,
            comment="greeted for it elsewhere; null: never to be contacted",
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="why, for a person"),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(profile_url, name_key) = 1", name=op.f("ck_exclusions_one_person")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_exclusions_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_exclusions_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusions")),
        sa.UniqueConstraint(
            "account_id",
            "profile_url",
            "name_key",
            "occasion",
            name=op.f("uq_exclusions_account_id_profile_url_name_key_occasion"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_exclusions_import_id", "exclusions", ["import_id"], unique=False)
    op.create_table(
        "selector_hints",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("selector", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_selector_hints_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site", "name", "selector", name=op.f("pk_selector_hints")),
    )
    op.create_table(
        "import_changes",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "before",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the changed columns' former values",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_import_changes_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_changes_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "contact_id", name=op.f("pk_import_changes")),
    )
    op.create_table(
        "import_doubts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False, comment="where in the file; the first is 1"),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("birth_month", sa.SmallInteger(), nullable=False),
        sa.Column("birth_day", sa.SmallInteger(), nullable=False),
        sa.Column("birth_year", sa.SmallInteger(), nullable=True),
        sa.Column(
            "is_theirs", sa.Boolean(), nullable=True, comment="what a person said; it is not asked again"
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "birth_month between 1 and 12 and birth_day between 1 and 31",
            name=op.f("ck_import_doubts_birthday"),
        ),
        sa.CheckConstraint(
            "(settled_at is null) = (is_theirs is null)", name=op.f("ck_import_doubts_settled_whole")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_import_doubts_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_doubts_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_doubts")),
        sa.UniqueConstraint(
            "import_id", "line", "contact_id", name=op.f("uq_import_doubts_import_id_line_contact_id")
        ),
    )
    op.create_index("ix_import_doubts_contact_id", "import_doubts", ["contact_id"], unique=False)
    op.create_index(
        "ix_import_doubts_open",
        "import_doubts",
        ["id"],
        unique=False,
        postgresql_where=sa.text("settled_at is null"),
    )
    op.create_index("ix_import_changes_contact_id", "import_changes", ["contact_id"], unique=False)
    op.add_column(
        "accounts",
        sa.Column(
            "inbox_read_at", sa.DateTime(timezone=True), nullable=True, comment="replies are known up to then"
        ),
    )
    op.add_column(
        "accounts",
        sa.Column(
            "inbox_asked_at", sa.DateTime(timezone=True), nullable=True, comment="when it was last opened"
        ),
    )
    op.add_column(
        "accounts",
        sa.Column(
            "inbox_lease_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="a worker reads the inbox; nothing else of the account starts meanwhile",
        ),
    )
    op.create_table(
        "daily_summaries",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False, comment="the day in the account's zone"),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="counts only"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_daily_summaries_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "on", name=op.f("pk_daily_summaries")),
    )
    op.add_column(
        "actions",
        sa.Column("expires_on", sa.Date(), nullable=True, comment="the last day on which it makes sense"),
    )
    op.add_column(
        "actions",
        sa.Column(
            "worded_for",
            sa.Date(),
            nullable=True,
            comment="the day of sending that the message is written for; null: any",
        ),
    )
    op.add_column(
        "actions", sa.Column("needs_approval", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column(
        "actions",
        sa.Column(
            "approval", sa.Text(), nullable=True, comment="hash of the recipient and text that were approved"
        ),
    )
    op.add_column("actions", sa.Column("approved_by", sa.Text(), nullable=True))
    op.create_index(
        "ix_actions_expires_on",
        "actions",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text("state in ('planned', 'proposed')"),
    )
    op.add_column(
        "contacts",
        sa.Column(
            "name_key",
            sa.Text(),
            sa.Computed(
                "lower(regexp_replace(btrim(normalize(full_name, NFKC)), '\\s+', ' ', 'g'))", persisted=True
            ),
            nullable=False,
        ),
    )
    op.add_column("contacts", sa.Column("email", sa.Text(), nullable=True))
    op.add_column("contacts", sa.Column("birth_year", sa.SmallInteger(), nullable=True))
    op.add_column("contacts", sa.Column("connected_on", sa.Date(), nullable=True))
    op.add_column(
        "contacts",
        sa.Column(
            "profile",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="what is known of the profile: headline, company, ...",
        ),
    )
    op.add_column(
        "contacts",
        sa.Column(
            "replied_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the person last wrote, as far as seen",
        ),
    )
    op.add_column(
        "contacts",
        sa.Column(
            "import_id", sa.BigInteger(), nullable=True, comment="the import that brought this person in"
        ),
    )
    op.create_index(
        "ix_contacts_email",
        "contacts",
        ["account_id", sa.literal_column("lower(email)")],
        unique=False,
        postgresql_where=sa.text("email is not null"),
    )
    op.create_index(
        "ix_contacts_import_id",
        "contacts",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index("ix_contacts_name_key", "contacts", ["account_id", "name_key"], unique=False)
    op.drop_constraint(op.f("uq_contacts_account_id_profile_url"), "contacts", type_="unique")
    op.create_unique_constraint(
        op.f("uq_contacts_profile_url_account_id"), "contacts", ["profile_url", "account_id"]
    )
    op.create_foreign_key(
        op.f("fk_contacts_import_id"), "contacts", "imports", ["import_id"], ["id"], ondelete="SET NULL"
    )
    op.add_column(
        "interactions",
        sa.Column(
            "source_key", sa.Text(), nullable=True, comment="what makes one that is not ours happen once"
        ),
    )
    op.add_column("interactions", sa.Column("import_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "interactions",
        sa.Column(
            "replied_at", sa.DateTime(timezone=True), nullable=True, comment="when the person wrote back"
        ),
    )
    op.add_column(
        "interactions",
        sa.Column("reply", sa.Text(), nullable=True, comment="only where the campaign was asked to keep it"),
    )
    op.alter_column("interactions", "action_id", existing_type=sa.UUID(), nullable=True)
    op.alter_column(
        "interactions",
        "status",
        existing_type=sa.TEXT(),
        comment="how it is known: sent and proven, found when looking, seen in the thread, imported",
        existing_comment="how it was proven: sent, or found when looking",
        existing_nullable=False,
    )
    op.create_index(
        "ix_interactions_import_id",
        "interactions",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_unique_constraint(
        op.f("uq_interactions_account_id_source_key"), "interactions", ["account_id", "source_key"]
    )
    op.create_foreign_key(
        op.f("fk_interactions_import_id"),
        "interactions",
        "imports",
        ["import_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.add_column(
        "message_templates",
        sa.Column(
            "weight",
            sa.SmallInteger(),
            server_default=sa.text("1"),
            nullable=False,
            comment="how often it is chosen, beside the others",
        ),
    )
    op.add_column(
        "message_templates",
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.add_column(
        "message_templates",
        sa.Column(
            "default_key",
            sa.Text(),
            nullable=True,
            comment="which of the defaults that ship it is; null: a user's own",
        ),
    )
    op.create_unique_constraint(
        op.f("uq_message_templates_default_key"), "message_templates", ["default_key"]
    )
    # Everybody's are the old defaults: nothing else could add one. The new ones are added after migrating.
    op.execute("delete from message_templates where account_id is null")
    add_checks()


def add_checks() -> None:
    op.create_index("ix_actions_contact_id", "actions", ["contact_id"], unique=False)
    op.create_check_constraint(op.f("ck_contacts_birth_year"), "contacts", "birth_year between 1900 and 2100")
    op.create_check_constraint(
        op.f("ck_message_templates_weight"), "message_templates", "weight between 1 and 100"
    )
    op.create_check_constraint(
        op.f("ck_actions_approved"),
        "actions",
        "not needs_approval or approval is not null or state in ('proposed', 'skipped')",
    )
    op.create_check_constraint(
        op.f("ck_interactions_origin"), "interactions", "num_nonnulls(action_id, source_key) = 1"
    )
    op.execute(LEAVE_ALONE)
    op.execute(
        "create trigger contact_left_alone before insert or update of profile_url, full_name on contacts "
        "for each row execute function contact_left_alone()"
    )


def downgrade() -> None:
    op.drop_index("ix_actions_contact_id", table_name="actions")
    op.execute("drop trigger contact_left_alone on contacts")
    op.execute("drop function contact_left_alone()")
    op.execute("delete from interactions where action_id is null")
    op.execute("update actions set state = 'skipped' where state = 'proposed'")
    listed = ", ".join(f"'{reason}'" for reason in NEW_REASONS)
    for table, column in REASON_COLUMNS:
        op.execute(f"update {table} set {column} = 'unexpected' where {column} in ({listed})")
    allow_reasons(OLD_REASONS, OLD_SAYS_WHY)
    op.drop_constraint(op.f("ck_interactions_origin"), "interactions", type_="check")
    op.drop_constraint(op.f("ck_actions_approved"), "actions", type_="check")
    op.drop_constraint(op.f("ck_message_templates_weight"), "message_templates", type_="check")
    op.drop_constraint(op.f("ck_contacts_birth_year"), "contacts", type_="check")
    for column in ("default_key", "enabled", "weight"):
        op.drop_column("message_templates", column)
    op.drop_constraint(op.f("fk_interactions_import_id"), "interactions", type_="foreignkey")
    op.drop_constraint(op.f("uq_interactions_account_id_source_key"), "interactions", type_="unique")
    op.drop_index(
        "ix_interactions_import_id",
        table_name="interactions",
        postgresql_where=sa.text("import_id is not null"),
    )
    op.alter_column(
        "interactions",
        "status",
        existing_type=sa.TEXT(),
        comment="how it was proven: sent, or found when looking",
        existing_comment="how it is known: sent and proven, found when looking, seen in the thread, imported",
        existing_nullable=False,
    )
    op.alter_column("interactions", "action_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("interactions", "reply")
    op.drop_column("interactions", "replied_at")
    op.drop_column("interactions", "import_id")
    op.drop_column("interactions", "source_key")
    op.drop_constraint(op.f("fk_contacts_import_id"), "contacts", type_="foreignkey")
    op.drop_constraint(op.f("uq_contacts_profile_url_account_id"), "contacts", type_="unique")
    op.create_unique_constraint(
        op.f("uq_contacts_account_id_profile_url"), "contacts", ["account_id", "profile_url"]
    )
    op.drop_index("ix_contacts_name_key", table_name="contacts")
    op.drop_index(
        "ix_contacts_import_id", table_name="contacts", postgresql_where=sa.text("import_id is not null")
    )
    op.drop_index("ix_contacts_email", table_name="contacts", postgresql_where=sa.text("email is not null"))
    op.drop_column("contacts", "import_id")
    op.drop_column("contacts", "replied_at")
    op.drop_column("contacts", "profile")
    op.drop_column("contacts", "connected_on")
    op.drop_column("contacts", "birth_year")
    op.drop_column("contacts", "email")
    op.drop_column("contacts", "name_key")
    op.drop_index(
        "ix_actions_expires_on",
        table_name="actions",
        postgresql_where=sa.text("state in ('planned', 'proposed')"),
    )
    op.drop_column("actions", "approved_by")
    op.drop_column("actions", "approval")
    op.drop_column("actions", "needs_approval")
    op.drop_column("actions", "worded_for")
    op.drop_column("actions", "expires_on")
    op.drop_table("daily_summaries")
    for column in ("inbox_lease_until", "inbox_asked_at", "inbox_read_at"):
        op.drop_column("accounts", column)
    op.drop_table("import_doubts")
    op.drop_table("import_changes")
    op.drop_table("selector_hints")
    op.drop_index("ix_exclusions_import_id", table_name="exclusions")
    op.drop_table("exclusions")
    op.drop_index("ix_imports_account_id", table_name="imports")
    op.drop_table("imports")
