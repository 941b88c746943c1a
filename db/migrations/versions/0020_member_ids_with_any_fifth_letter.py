"""Member ids with any fifth letter

Most begin with `ACoAA`. One of the full length may have another letter in place of the second A.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

FORMER = ("AC[a-z]AA[A-Za-z0-9_-]{8,}", "AC_AA%")
FORM = ("AC[a-z]A(A[A-Za-z0-9_-]{8,}|[A-Za-z0-9_-]{35})", "AC_A%")


def know_ids(former: str, form: str, quick_test: str) -> None:
    """Let the trigger know ids of this form. `quick_test` is the pattern of LIKE after which it looks."""
    definition = op.get_bind().scalar(sa.text("select pg_get_functiondef('contact_has_member_id'::regproc)"))
    if former not in definition:
        raise ValueError("contact_has_member_id has another text than this migration expects")
    op.get_bind().exec_driver_sql(definition.replace(former, form).replace("%", "%%"))
    op.execute("drop trigger contact_has_member_id on contacts")
    op.execute(
        "create trigger contact_has_member_id before insert or update of profile_url on contacts "
        f"for each row when (new.profile_url like '%/in/{quick_test}') "
        "execute function contact_has_member_id()"
    )


def upgrade() -> None:
    know_ids(FORMER[0], *FORM)


def downgrade() -> None:
    know_ids(FORM[0], *FORMER)
