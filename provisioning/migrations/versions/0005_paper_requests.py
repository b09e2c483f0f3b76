"""Paper requests"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "paper_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("kind", _checked("paperkind", *_KINDS), nullable=False),
        sa.Column("form_number", sa.String(length=32), nullable=False),
        sa.Column("identity_check", _checked("identitycheck", *_CHECKS), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("taken_by", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("state", _checked("paperstate", "open", "done", "refused"), nullable=False),
        sa.Column("act", _checked("paperact", *_ACTS), nullable=True),
        sa.Column("refusal", sa.String(length=200), nullable=False),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("credential_id", sa.String(length=32), nullable=True),
        sa.Column("issuances_forgiven", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name=op.f("fk_paper_request_credential_id_credential")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_paper_request_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_request")),
        sa.UniqueConstraint(
            "institution_id", "form_number", name=op.f("uq_paper_request_institution_id_form_number")
        ),
    )
    op.create_index(op.f("ix_paper_request_customer_id"), "paper_request", ["customer_id"])
    op.create_index(
        "ix_paper_request_state_institution_id_taken_at", "paper_request", ["state", "institution_id", "taken_at"]
    )


def downgrade() -> None:
    """Undo this revision."""
    op.drop_table("paper_request")


_KINDS = ("forgotten_release", "suspension", "phone_gone", "issue_restriction", "mail_address")
_CHECKS = ("photo_id", "two_documents", "registered_seal")
_ACTS = (
    *("end_as_released", "end_as_revoked", "end_as_lost", "lift_suspension", "lift_restriction"),
    *("stop_mail_password", "nothing_left"),
)


def _checked(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32, create_constraint=True)
