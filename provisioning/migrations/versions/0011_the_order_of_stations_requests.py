"""The newest believed request of each station to each address: an older one is not believed any more"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "station_request",
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_station_request")),
    )
    op.create_index(op.f("ix_station_request_expires_at"), "station_request", ["expires_at"])


def downgrade() -> None:
    """Undo this revision."""
    op.drop_index(op.f("ix_station_request_expires_at"), "station_request")
    op.drop_table("station_request")
