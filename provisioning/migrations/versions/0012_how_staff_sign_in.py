"""Links to enrol a passkey with, the fallback by password and token, and how each session's person was proved"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _of_sessions() -> tuple[sa.Column, ...]:
    return (
        sa.Column("proof", sa.String(length=16), nullable=True),
        sa.Column("proved_at", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.String(length=64), nullable=True),
        sa.Column("browser", sa.String(length=200), nullable=True),
    )


def upgrade() -> None:
    """Apply this revision. Staff sign in anew; links that signed somebody in once are void."""
    op.execute(sa.text("DELETE FROM web_session WHERE kind = 'staff'"))
    for column in _of_sessions():
        op.add_column("web_session", column)
    staff = sa.table("staff", sa.column("sign_in_hash", sa.LargeBinary), sa.column("demo", sa.Boolean))
    op.execute(staff.update().where(staff.c.demo.is_(sa.false())).values(sign_in_hash=None))
    op.drop_column("staff", "sign_in_expires_at")
    op.create_table(
        "staff_invitation",
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_invitation_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_invitation_token_hash")),
    )
    op.create_table(
        "staff_fallback",
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("holder_id", sa.String(length=32), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("password_failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["holder_id"], ["customer.id"], name=op.f("fk_staff_fallback_holder_id_customer")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_fallback_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_fallback")),
        sa.UniqueConstraint("holder_id", name=op.f("uq_staff_fallback_holder_id")),
        sa.UniqueConstraint("number", name=op.f("uq_staff_fallback_number")),
    )


def downgrade() -> None:
    """Undo this revision."""
    op.drop_table("staff_fallback")
    op.drop_table("staff_invitation")
    op.add_column("staff", sa.Column("sign_in_expires_at", sa.BigInteger(), nullable=True))
    for column in reversed(_of_sessions()):
        op.drop_column("web_session", column.name)
