"""The transfer limit of customers"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    rebuilt = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("customer", recreate=rebuilt) as customer:
        customer.add_column(sa.Column("transfer_limit_yen", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Undo this revision."""
    with op.batch_alter_table("customer") as customer:
        customer.drop_column("transfer_limit_yen")
