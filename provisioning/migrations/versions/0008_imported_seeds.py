"""Fobs that came with a seed: what the maker's file told, until the seed is a customer's or is destroyed"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "imported_seed",
        sa.Column("fob_id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("otp_type", _one_of("otptype", "totp", "hotp"), nullable=False),
        sa.Column("algorithm", _one_of("algorithm", "sha1", "sha256", "sha512"), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("period_s", sa.Integer(), nullable=False),
        sa.Column("next_counter", sa.BigInteger(), nullable=False),
        sa.Column("drift_steps", sa.Integer(), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("kek_id", sa.String(length=32), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fob_id"], ["fob.id"], name=op.f("fk_imported_seed_fob_id_fob")),
        sa.PrimaryKeyConstraint("fob_id", name=op.f("pk_imported_seed")),
    )
    op.create_index(op.f("ix_imported_seed_institution_id"), "imported_seed", ["institution_id"])
    op.create_index(op.f("ix_imported_seed_kek_id"), "imported_seed", ["kek_id"])


def downgrade() -> None:
    """Undo this revision."""
    op.drop_index(op.f("ix_imported_seed_kek_id"), "imported_seed")
    op.drop_index(op.f("ix_imported_seed_institution_id"), "imported_seed")
    op.drop_table("imported_seed")
