"""The console: users, sessions, one-time links, attempts to sign in, and who changed what"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def moment(
    name: str, *, nullable: bool, server_default: sa.TextClause | None = None, comment: str | None = None
) -> sa.Column[Any]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=nullable,
        server_default=server_default,
        comment=comment,
    )


def upgrade() -> None:
    op.create_table(
        "console_users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.LargeBinary(), nullable=True, comment="Argon2id, as a PHC string"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        moment("created_at", server_default=NOW, nullable=False),
        moment("disabled_at", nullable=True),
        sa.CheckConstraint("name ~ '^[a-z0-9][a-z0-9._-]{0,39}$'", name=op.f("ck_console_users_name")),
        sa.CheckConstraint(
            "octet_length(password_hash) between 60 and 300", name=op.f("ck_console_users_password_hash")
        ),
        sa.CheckConstraint("role in ('approver', 'owner', 'viewer')", name=op.f("ck_console_users_role")),
        sa.CheckConstraint("language in ('en', 'fr')", name=op.f("ck_console_users_language")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_users")),
        sa.UniqueConstraint("name", name=op.f("uq_console_users_name")),
    )
    op.create_table(
        "console_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("former_hash", sa.LargeBinary(), nullable=True, comment="of the token before this one"),
        moment(
            "former_until",
            nullable=True,
            comment="null: until the new token has been used for the first time",
        ),
        moment("rotated_at", server_default=NOW, nullable=False),
        moment("created_at", server_default=NOW, nullable=False),
        moment("used_at", server_default=NOW, nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="where the last request came from"),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_console_sessions_hash")),
        sa.CheckConstraint("octet_length(former_hash) = 32", name=op.f("ck_console_sessions_former_hash")),
        sa.CheckConstraint(
            "former_hash is not null or former_until is null", name=op.f("ck_console_sessions_former_whole")
        ),
        sa.CheckConstraint("length(address) <= 60", name=op.f("ck_console_sessions_short_address")),
        sa.CheckConstraint(
            "length(browser) <= 40 and length(system) <= 40", name=op.f("ck_console_sessions_short_browser")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["console_users.id"], name=op.f("fk_console_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_console_sessions_token_hash")),
        sa.UniqueConstraint("former_hash", name=op.f("uq_console_sessions_former_hash")),
    )
    op.create_index("ix_console_sessions_user_id", "console_sessions", ["user_id"])
    op.create_table(
        "console_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token"),
        moment("created_at", server_default=NOW, nullable=False),
        moment("expires_at", nullable=False),
        moment("used_at", nullable=True),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_console_links_hash")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_console_links_expires_later")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["console_users.id"], name=op.f("fk_console_links_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_console_links_token_hash")),
    )
    op.create_index("ix_console_links_user_id", "console_links", ["user_id"])
    op.create_table(
        "sign_in_attempts",
        sa.Column(
            "bucket",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="two bytes of the name's hash",
        ),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        moment("last_at", server_default=NOW, nullable=False),
        moment("wait_until", nullable=True),
        sa.CheckConstraint("bucket between 0 and 65535", name=op.f("ck_sign_in_attempts_bucket")),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_sign_in_attempts")),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        moment("at", server_default=NOW, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False, comment="what was done, such as account.pause"),
        sa.Column(
            "about", sa.Text(), nullable=False, comment="an id or an account's name, never a contact's"
        ),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("length(by) between 1 and 200", name=op.f("ck_changes_short_by")),
        sa.CheckConstraint(
            "change ~ '^[a-z_-]+([.][a-z_-]+)*$' and length(change) <= 60", name=op.f("ck_changes_change")
        ),
        sa.CheckConstraint("length(about) <= 200", name=op.f("ck_changes_short_about")),
        sa.CheckConstraint("length(detail) <= 500", name=op.f("ck_changes_short_detail")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )


def downgrade() -> None:
    for table in ("changes", "sign_in_attempts", "console_links", "console_sessions", "console_users"):
        op.drop_table(table)
