"""Who was shown on which list, and indexes for those who look things up in the audit log"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STAFF = sa.text("actor_kind = 'staff'")
_RARE = sa.text("act <> 'verify'")
_CUSTOMER = sa.text("customer_id IS NOT NULL")


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "audit_shown",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("entry_id", _NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "entry_id", name=op.f("pk_audit_shown")),
    )
    op.create_index(op.f("ix_audit_shown_entry_id"), "audit_shown", ["entry_id"])
    op.drop_index(op.f("ix_audit_entry_at"), "audit_entry")
    op.drop_index("ix_audit_entry_customer_id", "audit_entry")
    op.create_index("ix_audit_entry_institution_id", "audit_entry", ["institution_id", "at"])
    op.create_index(
        "ix_audit_entry_customer_id",
        "audit_entry",
        ["customer_id", "at"],
        sqlite_where=_CUSTOMER,
        postgresql_where=_CUSTOMER,
    )
    op.create_index(
        "ix_audit_entry_actor_id",
        "audit_entry",
        ["actor_id", "at"],
        sqlite_where=_STAFF,
        postgresql_where=_STAFF,
    )
    op.create_index(
        "ix_audit_entry_act",
        "audit_entry",
        ["institution_id", "act", "at"],
        sqlite_where=_RARE,
        postgresql_where=_RARE,
    )


def downgrade() -> None:
    """Take it back. The lists in the entries themselves stay; what was found by them is gone."""
    for name in ("act", "actor_id", "customer_id", "institution_id"):
        op.drop_index(f"ix_audit_entry_{name}", "audit_entry")
    op.create_index(
        "ix_audit_entry_customer_id",
        "audit_entry",
        ["customer_id"],
        sqlite_where=_CUSTOMER,
        postgresql_where=_CUSTOMER,
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"])
    op.drop_table("audit_shown")
