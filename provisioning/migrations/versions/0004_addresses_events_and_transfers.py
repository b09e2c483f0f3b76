"""Stored addresses, notices, events for the host, mail passwords, transfers"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_FIRST_KIND = ("token_issued",)
_KINDS = (
    *_FIRST_KIND,
    *("token_activated", "token_released", "token_revoked", "token_lost", "token_expired", "token_suspended"),
    *("address_changed", "mail_password", "mail_password_started", "mail_password_changed"),
)


def upgrade() -> None:
    """Apply this revision."""
    _allow_kinds(_KINDS)
    _create_addresses()
    _create_events()
    _create_transfers()
    op.execute(
        "INSERT INTO customer_address "
        "(id, institution_id, customer_id, use, sealed_address, address_hash, language, stored_at, confirmed_at) "
        "SELECT m.id, m.institution_id, m.customer_id, 'token', m.sealed_address, m.address_hash, m.language, "
        "m.queued_at, c.set_up_at FROM outbox_mail m JOIN ticket t ON t.id = m.ticket_id "
        "JOIN credential c ON c.id = m.credential_id "
        "WHERE t.state = 'spent' AND c.state <> 'ended' AND c.set_up_at IS NOT NULL"
    )


def downgrade() -> None:
    """Undo this revision."""
    for table in ("money_transfer", "payee", "host_event_count", "host_event"):
        op.drop_table(table)
    for table in ("mail_password_tries", "mail_code", "customer_address"):
        op.drop_table(table)
    op.execute("DELETE FROM outbox_mail WHERE kind <> 'token_issued'")
    _allow_kinds(_FIRST_KIND)


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    rebuilt = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    name = op.f("ck_outbox_mail_mailkind")
    with op.batch_alter_table("outbox_mail", recreate=rebuilt) as mails:
        mails.drop_constraint(name, type_="check")
        mails.create_check_constraint(name, _one_of("kind", kinds))


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _create_addresses() -> None:
    use = sa.Enum(
        *("token", "mail_password", "notices"),
        name="addressuse",
        native_enum=False,
        create_constraint=True,
        length=32,
    )
    op.create_table(
        "customer_address",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("use", use, nullable=False),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_address_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_address")),
    )
    for column in ("address_hash", "customer_id", "retired_at"):
        op.create_index(op.f(f"ix_customer_address_{column}"), "customer_address", [column])
    current = sa.text("confirmed_at IS NOT NULL AND retired_at IS NULL")
    op.create_index(
        *("uq_customer_address_current", "customer_address", ["customer_id", "use"]),
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_table(
        "mail_code",
        sa.Column("address_id", sa.String(length=32), nullable=False),
        sa.Column("mail_id", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["address_id"], ["customer_address.id"], name=op.f("fk_mail_code_address_id_customer_address")
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["outbox_mail.id"], name=op.f("fk_mail_code_mail_id_outbox_mail")),
        sa.PrimaryKeyConstraint("address_id", name=op.f("pk_mail_code")),
    )
    op.create_index(op.f("ix_mail_code_login"), "mail_code", ["login"])
    op.create_table(
        "mail_password_tries",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_mail_password_tries_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_mail_password_tries")),
    )


def _create_events() -> None:
    how = sa.Enum(
        *("released", "revoked", "expired", "replaced", "lost", "cancelled"),
        name="endedhow",
        native_enum=False,
        create_constraint=True,
        length=32,
    )
    op.create_table(
        "host_event",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(length=32), nullable=False),
        sa.Column("ended_how", how, nullable=False),
        sa.Column("limit_cap_yen", sa.Integer(), nullable=True),
        sa.Column("limit_from_yen", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name=op.f("fk_host_event_credential_id_credential")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_host_event_customer_id_customer")),
        sa.PrimaryKeyConstraint("institution_id", "number", name=op.f("pk_host_event")),
    )
    op.create_index(op.f("ix_host_event_customer_id"), "host_event", ["customer_id"])
    op.create_table(
        "host_event_count",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", name=op.f("pk_host_event_count")),
    )


def _create_transfers() -> None:
    account = (("bank", 60), ("branch", 60), ("account_number", 7), ("holder", 60))
    op.create_table(
        "payee",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        *(sa.Column(name, sa.String(length=length), nullable=False) for name, length in account),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_payee_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee")),
    )
    op.create_index(op.f("ix_payee_customer_id"), "payee", ["customer_id"])
    op.create_table(
        "money_transfer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("payee_id", sa.String(length=32), nullable=True),
        *(sa.Column(name, sa.String(length=length), nullable=False) for name, length in account),
        sa.Column("amount_yen", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_money_transfer_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(["payee_id"], ["payee.id"], name=op.f("fk_money_transfer_payee_id_payee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_transfer")),
        sa.UniqueConstraint("number", name=op.f("uq_money_transfer_number")),
    )
    op.create_index(op.f("ix_money_transfer_customer_id_made_at"), "money_transfer", ["customer_id", "made_at"])
