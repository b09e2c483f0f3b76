"""Under which key each mail address and each password by mail is: rows of before name the first one"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_FIRST = "address-1"
_COLUMN = "address_key_id"
_TABLES = {"customer_address": "sealed_address", "outbox_mail": "sealed_address", "mail_code": "code_hash"}


def upgrade() -> None:
    """Apply this revision. Whoever has a key of before calls it so (docs/operations.md)."""
    for table, sealed in _TABLES.items():
        op.add_column(table, sa.Column(_COLUMN, sa.String(length=32), nullable=True))
        _name_first(table, sealed)
    with op.batch_alter_table("customer_address") as address:
        address.alter_column(_COLUMN, existing_type=sa.String(length=32), nullable=False)
    for table in ("customer_address", "outbox_mail"):
        op.create_index(op.f(f"ix_{table}_{_COLUMN}"), table, [_COLUMN])


def _name_first(name: str, what: str) -> None:
    """Where there is something under a key: not in mails whose address was erased, nor before a code is drawn."""
    table = sa.table(name, sa.column(what, sa.LargeBinary), sa.column(_COLUMN, sa.String))
    op.execute(table.update().where(table.c[what] != b"").values({_COLUMN: _FIRST}))


def downgrade() -> None:
    """Undo this revision. Only what is under the first key can be opened afterwards."""
    for table in ("outbox_mail", "customer_address"):
        op.drop_index(op.f(f"ix_{table}_{_COLUMN}"), table)
    for table in _TABLES:
        op.drop_column(table, _COLUMN)
