"""Approvals by a second person: what is asked for, word for word, and what was signed; who ended a credential"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_IS_OPEN = sa.text("state IN ('waiting', 'granted')")
_STATES = ("waiting", "granted", "done", "failed", "refused", "withdrawn", "expired")
_JOBS = (
    *("reserve_fob", "open_batch", "issue_soft", "lift_suspension", "carry_out_paper"),
    *("import_pskc", "export_pskc", "change_profile", "enrol_station"),
)


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "approval_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=True),
        sa.Column("job", _one_of("askedjob", *_JOBS), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maker_id", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", _one_of("approvalstate", *_STATES), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("approver_id", sa.String(length=32), nullable=True),
        sa.Column("granted_at", sa.BigInteger(), nullable=True),
        sa.Column("by_demo", sa.Boolean(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=32), nullable=True),
        sa.Column("credential_id", sa.LargeBinary(length=1023), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("client_data", sa.LargeBinary(), nullable=True),
        sa.Column("authenticator_data", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_approval_request_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(["approver_id"], ["staff.id"], name=op.f("fk_approval_request_approver_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request")),
    )
    op.create_index(op.f("ix_approval_request_customer_id"), "approval_request", ["customer_id"])
    op.create_index(
        op.f("ix_approval_request_state_institution_id_made_at"),
        "approval_request",
        ["state", "institution_id", "made_at"],
    )
    op.create_index(op.f("ix_approval_request_maker_id_closed_at"), "approval_request", ["maker_id", "closed_at"])
    op.create_index(
        "uq_approval_request_open",
        "approval_request",
        ["institution_id", "subject"],
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )
    with op.batch_alter_table("batch") as table:
        table.add_column(sa.Column("approval_id", sa.String(length=32), nullable=True))
        table.create_foreign_key(
            op.f("fk_batch_approval_id_approval_request"), "approval_request", ["approval_id"], ["id"]
        )
    op.add_column("credential", sa.Column("ended_by", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Undo this revision."""
    op.drop_column("credential", "ended_by")
    with op.batch_alter_table("batch") as table:
        table.drop_constraint(op.f("fk_batch_approval_id_approval_request"), type_="foreignkey")
        table.drop_column("approval_id")
    op.drop_index("uq_approval_request_open", "approval_request")
    op.drop_index(op.f("ix_approval_request_maker_id_closed_at"), "approval_request")
    op.drop_index(op.f("ix_approval_request_state_institution_id_made_at"), "approval_request")
    op.drop_index(op.f("ix_approval_request_customer_id"), "approval_request")
    op.drop_table("approval_request")
