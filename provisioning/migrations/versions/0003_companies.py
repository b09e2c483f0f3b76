"""Companies and the roles of their users"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MASTER = sa.text("company_role = 'master'")
_IN_A_COMPANY = sa.text("company_id IS NOT NULL")
_SEARCHED = sa.String(length=100)


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "company",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_kana", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
    )
    op.create_table(
        "company_key",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column(
            "text", _SEARCHED.with_variant(sa.String(length=100, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("company_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_company_key_company_id_company")),
        sa.PrimaryKeyConstraint("institution_id", "text", "company_id", name=op.f("pk_company_key")),
        sqlite_with_rowid=False,
    )
    rebuilt = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    role = sa.Enum("master", "administrator", "general", name="companyrole", native_enum=False, length=32)
    with op.batch_alter_table("customer", recreate=rebuilt) as customer:
        customer.add_column(sa.Column("company_id", sa.String(length=32), nullable=True))
        customer.add_column(sa.Column("company_role", role, nullable=True))
        customer.create_foreign_key(op.f("fk_customer_company_id_company"), "company", ["company_id"], ["id"])
        customer.create_check_constraint(
            op.f("ck_customer_companyrole"), "company_role IN ('master', 'administrator', 'general')"
        )
        customer.create_check_constraint(
            op.f("ck_customer_company_and_role"), "(company_id IS NULL) = (company_role IS NULL)"
        )
    op.create_index(
        "uq_customer_master",
        "customer",
        ["company_id"],
        unique=True,
        sqlite_where=_MASTER,
        postgresql_where=_MASTER,
    )
    op.create_index(
        "ix_customer_company",
        "customer",
        ["company_id"],
        sqlite_where=_IN_A_COMPANY,
        postgresql_where=_IN_A_COMPANY,
    )


def downgrade() -> None:
    """Undo this revision."""
    op.drop_index("ix_customer_company", "customer")
    op.drop_index("uq_customer_master", "customer")
    with op.batch_alter_table("customer") as customer:
        customer.drop_constraint(op.f("ck_customer_company_and_role"), type_="check")
        customer.drop_constraint(op.f("ck_customer_companyrole"), type_="check")
        customer.drop_constraint(op.f("fk_customer_company_id_company"), type_="foreignkey")
        customer.drop_column("company_role")
        customer.drop_column("company_id")
    op.drop_table("company_key")
    op.drop_table("company")
