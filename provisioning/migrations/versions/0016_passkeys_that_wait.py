"""Passkeys made on an invitation wait for a second person where the institution wants one; who invited"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_JOBS_BEFORE = (
    *("reserve_fob", "open_batch", "issue_soft", "lift_suspension", "carry_out_paper"),
    *("import_pskc", "export_pskc", "change_profile", "enrol_station"),
)
_CONFIRM = "confirm_passkey"


def upgrade() -> None:
    """Apply this revision. Passkeys of before need nobody; links of before live for an hour at most."""
    op.execute("DELETE FROM staff_invitation")
    op.add_column("staff_invitation", sa.Column("invited_by", sa.String(length=64), nullable=False))
    op.add_column("passkey", sa.Column("confirmation_code", sa.String(length=8), nullable=True))
    _allow_jobs((*_JOBS_BEFORE, _CONFIRM))


def downgrade() -> None:
    """Undo this revision. What waits for somebody is gone."""
    op.execute("DELETE FROM passkey WHERE confirmation_code IS NOT NULL")
    op.execute(f"DELETE FROM approval_request WHERE job = '{_CONFIRM}'")  # noqa: S608 - a constant
    _allow_jobs(_JOBS_BEFORE)
    op.drop_column("passkey", "confirmation_code")
    op.drop_column("staff_invitation", "invited_by")


def _allow_jobs(jobs: tuple[str, ...]) -> None:
    rebuilt = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    name = op.f("ck_approval_request_askedjob")
    with op.batch_alter_table("approval_request", recreate=rebuilt) as requests:
        requests.drop_constraint(name, type_="check")
        requests.create_check_constraint(name, f"job IN ({', '.join(repr(job) for job in jobs)})")
