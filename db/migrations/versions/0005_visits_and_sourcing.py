"""Visits and sourcing

Searches with a cursor, people found and scored, profiles as they were read, invitations withdrawn; and whom
nobody may find again.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REASONS = (
    "account_paused", "account_stopped", "all_day_limit", "all_week_limit", "already_greeted",
    "awaiting_approval", "breaker_open", "breaker_probe", "broker_unreachable", "campaign_cancelled",
    "campaign_paused", "cannot_tell", "challenge", "contact_replied", "day_limit", "do_not_contact",
    "dropped_by_hand", "expired", "gap", "kill_switch", "lease_lapsed", "lease_lost", "limit_page",
    "no_fresh_template", "no_name", "no_template", "not_approved", "not_connected", "not_signed_in",
    "one_voice", "outside_hours", "profile_gone", "proof_missing", "quota_changed", "quota_unreadable",
    "run_limit", "settled_by_hand", "site_unexpected", "site_unreachable", "too_many_attempts", "unexpected",
    "week_limit", "written_by_hand", "wrong_recipient",
)  # fmt: skip
NEW_REASONS = ("forgotten", "import_under_way", "invitation_gone", "visited_lately")
REASON_COLUMNS = (("accounts", "stop_reason"), ("campaigns", "reason"), ("actions", "reason"))

KINDS, NEW_KINDS = ("collect", "greet", "visit"), ("withdraw",)
KIND_COLUMNS = (
    ("actions", "kind"),
    ("interactions", "type"),
    ("quota_limits", "kind"),
    ("quota_cuts", "kind"),
    ("quota_charges", "kind"),
    ("quota_gates", "kind"),
)
CAMPAIGNS, NEW_CAMPAIGNS = ("birthday", "sourcing", "visitor"), ("invitations",)
CAMPAIGN_COLUMNS = (("campaigns", "kind"), ("schedules", "kind"))

MOVES = """
    ('proposed', 'planned'), ('proposed', 'skipped'),
    ('planned', 'queued'), ('planned', 'skipped'),
    ('queued', 'claimed'), ('queued', 'planned'),
    ('claimed', 'acting'), ('claimed', 'planned'), ('claimed', 'skipped'), ('claimed', 'failed'),
    ('acting', 'done'), ('acting', 'uncertain'),
    ('uncertain', 'done'), ('uncertain', 'planned'), ('uncertain', 'needs_review'),
    ('needs_review', 'done'), ('needs_review', 'planned'), ('needs_review', 'skipped')
"""
OF_READING = "('acting', 'planned'), ('acting', 'skipped'), ('acting', 'failed')"

REFUSED_ONCE = f"if before is not null and (before, new.state) not in (values {MOVES}) then"
REFUSED = f"""if before is not null and (before, new.state) not in (values {MOVES})
        and (new.kind not in ('visit', 'collect') or (before, new.state) not in (values {OF_READING})) then"""

FUNCTION = """
create or replace function action_moved() returns trigger language plpgsql as $$
declare
    before text := case when tg_op = 'UPDATE' then old.state end;
    moved_at timestamptz := clock_timestamp();
    head audit_heads%rowtype;
    next_hash bytea;
begin
    {refused}
        raise exception 'an action cannot move from % to %', before, new.state using errcode = 'check_violation';
    end if;
    insert into audit_heads (account_id, seq, hash) values (new.account_id, 0, '') on conflict do nothing;
    select * into head from audit_heads where account_id = new.account_id for update;
    -- db.store.events computes the same from the rows; both must change together.
    next_hash := sha256(head.hash || convert_to(concat_ws(E'\\x1f',
        head.seq + 1, new.id, (extract(epoch from moved_at) * 1000000)::bigint, coalesce(before, '-'), new.state,
        coalesce(new.reason, '-'), new.attempt, current_setting('application_name'), new.correlation_id), 'UTF8'));
    insert into action_events (account_id, seq, action_id, at, from_state, to_state, reason, attempt, actor,
                               correlation_id, hash)
    values (new.account_id, head.seq + 1, new.id, moved_at, before, new.state, new.reason, new.attempt,
            current_setting('application_name'), new.correlation_id, next_hash);
    update audit_heads set seq = head.seq + 1, hash = next_hash where account_id = new.account_id;
    return null;
end
$$
"""

# Nothing brings back who asked to be forgotten: no import, no page of the site, no other account. Whoever
# writes a tombstone holds the lock of `last_ones_in` alone, so nobody comes in beside it. A query for each row
# would cost an import of many people a tenth, so the condition looks at the beginnings of the fingerprints
# first, and asks only about who may be meant; where it can't tell, it asks.
LET_REST = """
create function last_ones_in() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('tombstones', 0));
    perform set_config('rapport.tombstones', (
        select coalesce(string_agg(left(encode(fingerprint, 'hex'), 8), ' '), '')
        from tombstones where lifted_at is null
    ), true);
    return null;
end
$$;

create function contact_passed_over() returns trigger language plpgsql as $$
begin
    if exists (
        select from tombstones t
        join accounts a on a.site = t.site
        where a.id = new.account_id and t.lifted_at is null
          and t.fingerprint = sha256(convert_to(new.profile_url, 'UTF8'))
    ) then
        return null;
    end if;
    return new;
end
$$;

create function action_passed_over() returns trigger language plpgsql as $$
declare
    forgotten timestamptz;
begin
    -- What is about to be planned for them waits for their row, and then is not.
    select forgotten_at into forgotten from contacts where id = new.contact_id for key share;
    return case when forgotten is null then new end;
end
$$;

create trigger last_ones_in before insert on contacts for each statement execute function last_ones_in();
create trigger contact_passed_over before insert on contacts for each row
    when (coalesce(position(left(encode(sha256(convert_to(new.profile_url, 'UTF8')), 'hex'), 8)
                            in current_setting('rapport.tombstones', true)) > 0, true))
    execute function contact_passed_over();
create trigger contact_stays_away before update of profile_url on contacts for each row
    when (new.profile_url <> old.profile_url) execute function contact_passed_over();
create trigger action_passed_over before insert on actions
    for each row when (new.contact_id is not null) execute function action_passed_over();
"""

LET_COME = """
drop trigger action_passed_over on actions;
drop trigger contact_stays_away on contacts;
drop trigger contact_passed_over on contacts;
drop trigger last_ones_in on contacts;
drop function action_passed_over();
drop function contact_passed_over();
drop function last_ones_in();
"""


def allow(columns: tuple[tuple[str, str], ...], values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    for table, column in columns:
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} in ({listed})")


def upgrade() -> None:
    allow(REASON_COLUMNS, REASONS + NEW_REASONS)
    allow(KIND_COLUMNS, KINDS + NEW_KINDS)
    allow(CAMPAIGN_COLUMNS, CAMPAIGNS + NEW_CAMPAIGNS)
    change_actions()
    add_tables()
    op.add_column(
        "accounts",
        sa.Column(
            "keep_days",
            sa.BigInteger(),
            nullable=True,
            comment="how long people who are no connections, and profiles, are kept unseen; null: until erased",
        ),
    )
    op.create_check_constraint(op.f("ck_accounts_keep_days"), "accounts", "keep_days >= 8")
    op.add_column(
        "contacts",
        sa.Column(
            "forgotten_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when all that told who it is was erased; what the quota counts stays",
        ),
    )
    op.create_check_constraint(
        op.f("ck_contacts_erased"), "contacts", "forgotten_at is null or profile_url = 'forgotten:' || id"
    )
    op.create_index("ix_contacts_account_id", "contacts", ["account_id", "id"], unique=False)
    op.execute(FUNCTION.format(refused=REFUSED))
    op.execute(LET_REST)


def change_actions() -> None:
    op.alter_column(
        "actions",
        "contact_id",
        existing_type=sa.BigInteger(),
        nullable=True,
        comment="null: a page of people found",
    )
    op.alter_column(
        "actions",
        "occasion_on",
        existing_type=sa.Date(),
        existing_nullable=False,
        comment="the occasion's own date, such as the birthday",
        existing_comment="the birthday's own date",
    )
    op.create_check_constraint(
        op.f("ck_actions_on_whom"), "actions", "(contact_id is null) = (kind = 'collect')"
    )
    op.drop_constraint(op.f("uq_actions_account_id_contact_id_kind_occasion"), "actions", type_="unique")
    op.create_unique_constraint(
        op.f("uq_actions_account_id_contact_id_kind_occasion"),
        "actions",
        ["account_id", "contact_id", "kind", "occasion"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_action_events_acting",
        "action_events",
        ["account_id", "at"],
        unique=False,
        postgresql_where=sa.text("to_state = 'acting'"),
    )


def add_tables() -> None:
    op.create_table(
        "searches",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column(
            "terms",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="names and values of the site's own address",
        ),
        sa.Column(
            "pages",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="read and kept; the next is one more",
        ),
        sa.Column(
            "found",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="people kept for this campaign",
        ),
        sa.Column(
            "dry",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="pages in a row that held nobody to be visited",
        ),
        sa.Column("ended", sa.Text(), nullable=True, comment="why no further page is read"),
        sa.CheckConstraint(
            "ended in ('failed', 'limit', 'no_more_pages', 'no_news')", name=op.f("ck_searches_ended")
        ),
        sa.CheckConstraint("pages >= 0 and found >= 0 and dry >= 0", name=op.f("ck_searches_counts")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_searches_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_searches")),
    )
    op.create_table(
        "hits",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "page",
            sa.BigInteger(),
            nullable=False,
            comment="the page of the search that first showed them",
        ),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column(
            "reasons",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="points and why, in the order of the criteria; they add up to the score",
        ),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("score between 0 and 100", name=op.f("ck_hits_score")),
        sa.CheckConstraint("(score is null) = (reasons is null)", name=op.f("ck_hits_says_why")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_hits_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_hits_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "contact_id", name=op.f("pk_hits")),
    )
    op.create_index("ix_hits_contact_id", "hits", ["contact_id"], unique=False)
    op.create_index(
        "ix_hits_score", "hits", ["campaign_id", sa.text("score desc nulls last"), "contact_id"], unique=False
    )
    op.create_table(
        "profiles",
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "profile",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="a section that is missing was not read",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_profiles_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_profiles")),
    )
    op.create_index("ix_profiles_read_at", "profiles", ["read_at"], unique=False)
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "terms",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="names and values of the site's own address",
        ),
        sa.Column(
            "criteria",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_saved_searches_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_saved_searches_account_id_name")),
    )
    op.create_table(
        "tombstones",
        sa.Column(
            "fingerprint",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of the normalised profile address",
        ),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "lifted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the person agreed to be found again",
        ),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", "site", name=op.f("pk_tombstones")),
    )


def downgrade() -> None:
    # With the tombstones goes who asked to be forgotten: keep a list of your own before.
    op.execute(LET_COME)
    # Campaigns of a kind that is not known any more go, and so does what only the new kinds can do.
    op.execute("delete from campaigns where kind in ('invitations')")
    op.execute("delete from schedules where kind in ('invitations')")
    op.execute("delete from actions where contact_id is null or kind = 'withdraw'")
    op.execute("delete from interactions where type = 'withdraw'")
    for table in ("quota_limits", "quota_cuts", "quota_charges", "quota_gates"):
        op.execute(f"delete from {table} where kind = 'withdraw'")
    listed = ", ".join(f"'{reason}'" for reason in NEW_REASONS)
    for table, column in REASON_COLUMNS:
        op.execute(f"update {table} set {column} = 'unexpected' where {column} in ({listed})")
    op.execute(FUNCTION.format(refused=REFUSED_ONCE))
    op.drop_index("ix_contacts_account_id", table_name="contacts")
    op.drop_constraint(op.f("ck_contacts_erased"), "contacts", type_="check")
    op.drop_column("contacts", "forgotten_at")
    op.drop_constraint(op.f("ck_accounts_keep_days"), "accounts", type_="check")
    op.drop_column("accounts", "keep_days")
    for table in ("tombstones", "saved_searches", "profiles", "hits", "searches"):
        op.drop_table(table)
    op.drop_index(
        "ix_action_events_acting",
        table_name="action_events",
        postgresql_where=sa.text("to_state = 'acting'"),
    )
    op.drop_constraint(op.f("uq_actions_account_id_contact_id_kind_occasion"), "actions", type_="unique")
    op.create_unique_constraint(
        op.f("uq_actions_account_id_contact_id_kind_occasion"),
        "actions",
        ["account_id", "contact_id", "kind", "occasion"],
    )
    op.drop_constraint(op.f("ck_actions_on_whom"), "actions", type_="check")
    op.alter_column(
        "actions",
        "occasion_on",
        existing_type=sa.Date(),
        existing_nullable=False,
        comment="the birthday's own date",
        existing_comment="the occasion's own date, such as the birthday",
    )
    op.alter_column(
        "actions",
        "contact_id",
        existing_type=sa.BigInteger(),
        nullable=False,
        comment=None,
        existing_comment="null: a page of people found",
    )
    allow(CAMPAIGN_COLUMNS, CAMPAIGNS)
    allow(KIND_COLUMNS, KINDS)
    allow(REASON_COLUMNS, REASONS)
