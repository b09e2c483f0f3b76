"""What each of the bank's systems may call, and what it was answered under an idempotency key"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# every key that was given out before there were scopes keeps its rights
_ALL = "read verify issue end lift restrict papers companies transfers mail_password events"


def upgrade() -> None:
    """Apply this revision."""
    rebuilt = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("bank_client", recreate=rebuilt) as client:
        client.add_column(sa.Column("scopes", sa.String(length=400), nullable=True))
    client = sa.table("bank_client", sa.column("scopes", sa.String))
    op.execute(client.update().values(scopes=_ALL))
    with op.batch_alter_table("bank_client", recreate=rebuilt) as client:
        client.alter_column("scopes", existing_type=sa.String(length=400), nullable=False)
    op.create_table(
        "bank_answer",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["bank_client.id"], name=op.f("fk_bank_answer_client_id_bank_client")
        ),
        sa.PrimaryKeyConstraint("client_id", "key", name=op.f("pk_bank_answer")),
    )
    op.create_index(op.f("ix_bank_answer_begun_at"), "bank_answer", ["begun_at"])


def downgrade() -> None:
    """Undo this revision."""
    op.drop_index(op.f("ix_bank_answer_begun_at"), "bank_answer")
    op.drop_table("bank_answer")
    with op.batch_alter_table("bank_client") as client:
        client.drop_column("scopes")
