# ruff: noqa: PLR0915 - one statement for every table
"""The first schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    op.create_table(
        "activation_count",
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "day", name=op.f("pk_activation_count")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=True),
        sa.Column("branch", sa.String(length=64), nullable=True),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=48), nullable=False),
        sa.Column("result", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("credential_id", sa.String(length=32), nullable=True),
        sa.Column("fob_id", sa.String(length=32), nullable=True),
        sa.Column("job_id", sa.String(length=32), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("encoding_version", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_at"), ["at"], unique=False)
        batch_op.create_index(
            "ix_audit_entry_credential_id",
            ["credential_id"],
            unique=False,
            sqlite_where=sa.text("credential_id IS NOT NULL AND customer_id IS NULL"),
            postgresql_where=sa.text("credential_id IS NOT NULL AND customer_id IS NULL"),
        )
        batch_op.create_index(
            "ix_audit_entry_customer_id",
            ["customer_id"],
            unique=False,
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_audit_entry_fob_id",
            ["fob_id"],
            unique=False,
            sqlite_where=sa.text("fob_id IS NOT NULL"),
            postgresql_where=sa.text("fob_id IS NOT NULL"),
        )

    op.create_table(
        "bank_client",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("checks_confirmation", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_client")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_bank_client_key_hash")),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("login_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_kana", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("password_failures", sa.Integer(), nullable=False),
        sa.Column("confirmation_hash", sa.String(length=200), nullable=False),
        sa.Column("confirmation_failures", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("institution_id", "login_id", name=op.f("uq_customer_institution_id_login_id")),
        sa.UniqueConstraint("institution_id", "user_id", name=op.f("uq_customer_institution_id_user_id")),
    )
    op.create_table(
        "spent_nonce",
        sa.Column("nonce", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_spent_nonce")),
    )
    with op.batch_alter_table("spent_nonce", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_spent_nonce_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "teller",
                "approver",
                "auditor",
                "administrator",
                name="staffrole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("sign_in_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("sign_in_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("sign_in_hash", name=op.f("uq_staff_sign_in_hash")),
    )
    op.create_table(
        "stock_transfer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("from_branch", sa.String(length=64), nullable=False),
        sa.Column("to_branch", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_stock_transfer_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_transfer")),
    )
    with op.batch_alter_table("stock_transfer", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_stock_transfer_institution_id_from_branch_sent_at"),
            ["institution_id", "from_branch", "sent_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_stock_transfer_institution_id_to_branch_sent_at"),
            ["institution_id", "to_branch", "sent_at"],
            unique=False,
        )

    op.create_table(
        "fob",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column(
            "serial",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "profile",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "numbering",
            sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("firmware", sa.String(length=32), nullable=False),
        sa.Column("battery_percent", sa.Integer(), nullable=True),
        sa.Column("clock_offset_s", sa.BigInteger(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("access_code_set", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "in_stock",
                "in_transit",
                "reserved",
                "programming",
                "programmed",
                "handed_over",
                "in_use",
                "returned",
                "retired",
                "lost",
                "broken",
                name="fobstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("transfer_id", sa.String(length=32), nullable=True),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["stock_transfer.id"], name=op.f("fk_fob_transfer_id_stock_transfer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fob")),
        sa.UniqueConstraint("numbering", "serial", name=op.f("uq_fob_numbering_serial")),
    )
    with op.batch_alter_table("fob", schema=None) as batch_op:
        batch_op.create_index("ix_fob_branch", ["institution_id", "branch", "serial", "profile"], unique=False)
        batch_op.create_index(
            "ix_fob_branch_state", ["institution_id", "branch", "state", "serial", "profile"], unique=False
        )
        batch_op.create_index(
            "ix_fob_expires_at",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("expires_at IS NOT NULL"),
            postgresql_where=sa.text("expires_at IS NOT NULL"),
        )
        batch_op.create_index("ix_fob_institution", ["institution_id", "serial", "profile"], unique=False)
        batch_op.create_index(batch_op.f("ix_fob_serial"), ["serial"], unique=False)
        batch_op.create_index("ix_fob_state", ["institution_id", "state", "serial", "profile"], unique=False)
        batch_op.create_index(
            "ix_fob_transfer",
            ["transfer_id"],
            unique=False,
            sqlite_where=sa.text("transfer_id IS NOT NULL"),
            postgresql_where=sa.text("transfer_id IS NOT NULL"),
        )

    op.create_table(
        "station",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("enrol_code_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("enrol_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("signing_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("sealing_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("devices", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
    )
    op.create_table(
        "web_session",
        sa.Column("id_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("staff", "customer", name="sessionkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("subject_id", sa.String(length=32), nullable=True),
        sa.Column("institution_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_web_session")),
    )
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_session_last_seen_at"), ["last_seen_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_web_session_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "application",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("soft", "hard", name="tokenkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "fulfilled",
                "cancelled",
                name="applicationstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_application_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("number", name=op.f("uq_application_number")),
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_application_state_institution_id"), ["state", "institution_id"], unique=False
        )
        batch_op.create_index(
            "uq_application_open_customer",
            ["customer_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "batch",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("station_id", sa.String(length=32), nullable=False),
        sa.Column("opened_by", sa.String(length=32), nullable=False),
        sa.Column("at_once", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("pressed_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["opened_by"], ["staff.id"], name=op.f("fk_batch_opened_by_staff")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_batch_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_batch_institution_id_branch_opened_at"),
            ["institution_id", "branch", "opened_at"],
            unique=False,
        )
        batch_op.create_index(
            "uq_batch_open_station",
            ["station_id"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "credential",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column(
            "slot",
            sa.Enum("current", "successor", name="slot", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum("soft", "hard", name="tokenkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("fob_id", sa.String(length=32), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "issued",
                "set_up",
                "active",
                "suspended",
                "ended",
                name="credentialstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "resume_state",
            sa.Enum(
                "issued",
                "set_up",
                "active",
                "suspended",
                "ended",
                name="resume_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "ended_how",
            sa.Enum(
                "released",
                "revoked",
                "expired",
                "replaced",
                "lost",
                "cancelled",
                name="endedhow",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "otp_type",
            sa.Enum("totp", "hotp", name="otptype", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "algorithm",
            sa.Enum(
                "sha1", "sha256", "sha512", name="algorithm", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("period_s", sa.Integer(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("highest_seen_step", sa.BigInteger(), nullable=False),
        sa.Column("drift_steps", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("seed_version", sa.Integer(), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("kek_id", sa.String(length=32), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("set_up_at", sa.BigInteger(), nullable=True),
        sa.Column("activated_at", sa.BigInteger(), nullable=True),
        sa.Column("suspended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("activate_by", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_credential_customer_id_customer")),
        sa.ForeignKeyConstraint(["fob_id"], ["fob.id"], name=op.f("fk_credential_fob_id_fob")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
    )
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_fob_id"), ["fob_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credential_kek_id"), ["kek_id"], unique=False)
        batch_op.create_index("ix_credential_set_up", ["state", "institution_id", "set_up_at", "id"], unique=False)
        batch_op.create_index(
            "ix_credential_suspended", ["state", "institution_id", "suspended_at", "id"], unique=False
        )
        batch_op.create_index(
            "uq_credential_open_fob",
            ["fob_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'ended' AND fob_id IS NOT NULL"),
            postgresql_where=sa.text("state <> 'ended' AND fob_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_credential_open_slot",
            ["customer_id", "slot"],
            unique=True,
            sqlite_where=sa.text("state <> 'ended'"),
            postgresql_where=sa.text("state <> 'ended'"),
        )

    op.create_table(
        "custody_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("fob_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column(
            "from_state",
            sa.Enum(
                "in_stock",
                "in_transit",
                "reserved",
                "programming",
                "programmed",
                "handed_over",
                "in_use",
                "returned",
                "retired",
                "lost",
                "broken",
                name="from_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "to_state",
            sa.Enum(
                "in_stock",
                "in_transit",
                "reserved",
                "programming",
                "programmed",
                "handed_over",
                "in_use",
                "returned",
                "retired",
                "lost",
                "broken",
                name="to_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "holder",
            sa.Enum(
                "branch",
                "in_transit",
                "customer",
                "nobody",
                name="holder",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("transfer_id", sa.String(length=32), nullable=True),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_custody_entry_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(["fob_id"], ["fob.id"], name=op.f("fk_custody_entry_fob_id_fob")),
        sa.ForeignKeyConstraint(
            ["transfer_id"], ["stock_transfer.id"], name=op.f("fk_custody_entry_transfer_id_stock_transfer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody_entry")),
    )
    with op.batch_alter_table("custody_entry", schema=None) as batch_op:
        batch_op.create_index("ix_custody_entry_day", ["institution_id", "branch", "at"], unique=False)
        batch_op.create_index("ix_custody_entry_fob", ["fob_id", "id"], unique=False)
        batch_op.create_index(
            "ix_custody_entry_transfer",
            ["transfer_id"],
            unique=False,
            sqlite_where=sa.text("transfer_id IS NOT NULL"),
            postgresql_where=sa.text("transfer_id IS NOT NULL"),
        )

    op.create_table(
        "customer_key",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column(
            "text",
            sa.String(length=100).with_variant(sa.String(length=100, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "name", "login_id", "user_id", name="keykind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_key_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint(
            "institution_id", "text", "branch", "customer_id", "kind", name=op.f("pk_customer_key")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stock_closing",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("last_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("states", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_stock_closing_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_closing")),
    )
    with op.batch_alter_table("stock_closing", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_stock_closing_institution_id_branch_at"),
            ["institution_id", "branch", "at"],
            unique=False,
        )

    op.create_table(
        "batch_item",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "bound",
                "done",
                "skipped",
                name="batchitemstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("fob_id", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_batch_item_batch_id_batch")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_batch_item_customer_id_customer")),
        sa.ForeignKeyConstraint(["fob_id"], ["fob.id"], name=op.f("fk_batch_item_fob_id_fob")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_batch_item")),
    )
    op.create_table(
        "programming_job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("program", "erase", name="jobkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "writing",
                "written",
                "proved",
                "failed",
                "abandoned",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("fob_id", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(length=32), nullable=True),
        sa.Column("station_id", sa.String(length=32), nullable=True),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("hand_over_on_proof", sa.Boolean(), nullable=False),
        sa.Column("may_use_last_try", sa.Boolean(), nullable=False),
        sa.Column("reports_done", sa.Integer(), nullable=False),
        sa.Column("reports_total", sa.Integer(), nullable=False),
        sa.Column("wait", sa.String(length=8), nullable=False),
        sa.Column("receipt", sa.JSON(), nullable=True),
        sa.Column("failure", sa.JSON(), nullable=True),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=True),
        sa.Column("proved_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name=op.f("fk_programming_job_credential_id_credential")
        ),
        sa.ForeignKeyConstraint(["fob_id"], ["fob.id"], name=op.f("fk_programming_job_fob_id_fob")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["station.id"], name=op.f("fk_programming_job_station_id_station")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programming_job")),
    )
    with op.batch_alter_table("programming_job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_programming_job_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_programming_job_fob_id"), ["fob_id"], unique=False)
        batch_op.create_index(
            "ix_programming_job_open",
            ["institution_id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_programming_job_queued_at"), ["queued_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_programming_job_station_id"), ["station_id"], unique=False)
        batch_op.create_index(
            "uq_programming_job_open_fob",
            ["fob_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('queued', 'writing', 'written') AND closed_at IS NULL"),
            postgresql_where=sa.text("state IN ('queued', 'writing', 'written') AND closed_at IS NULL"),
        )

    op.create_table(
        "ticket",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "spent",
                "void",
                "expired",
                name="ticketstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("iterations", sa.Integer(), nullable=False),
        sa.Column("sealed_password_key", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("app_key_thumbprint", sa.String(length=64), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name=op.f("fk_ticket_credential_id_credential")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
    )
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_credential_id"), ["credential_id"], unique=False)
        batch_op.create_index(
            "uq_ticket_usable_credential",
            ["credential_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('open', 'spent')"),
            postgresql_where=sa.text("state IN ('open', 'spent')"),
        )

    op.create_table(
        "outbox_mail",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(length=32), nullable=True),
        sa.Column("ticket_id", sa.String(length=32), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("token_issued", name="mailkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("sealed_address", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "failed",
                "cancelled",
                name="mailstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_reply", sa.String(length=32), nullable=True),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name=op.f("fk_outbox_mail_credential_id_credential")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_outbox_mail_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_outbox_mail_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mail")),
    )
    with op.batch_alter_table("outbox_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_mail_address_hash"), ["address_hash"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_outbox_mail_credential_id_queued_at"), ["credential_id", "queued_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_outbox_mail_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_mail_next_attempt_at"), ["next_attempt_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_mail_queued_at"), ["queued_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_mail_state"), ["state"], unique=False)


def downgrade() -> None:
    """Undo this revision."""
    with op.batch_alter_table("outbox_mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_mail_state"))
        batch_op.drop_index(batch_op.f("ix_outbox_mail_queued_at"))
        batch_op.drop_index(batch_op.f("ix_outbox_mail_next_attempt_at"))
        batch_op.drop_index(batch_op.f("ix_outbox_mail_customer_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_mail_credential_id_queued_at"))
        batch_op.drop_index(batch_op.f("ix_outbox_mail_address_hash"))

    op.drop_table("outbox_mail")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_ticket_usable_credential",
            sqlite_where=sa.text("state IN ('open', 'spent')"),
            postgresql_where=sa.text("state IN ('open', 'spent')"),
        )
        batch_op.drop_index(batch_op.f("ix_ticket_credential_id"))

    op.drop_table("ticket")
    with op.batch_alter_table("programming_job", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_programming_job_open_fob",
            sqlite_where=sa.text("state IN ('queued', 'writing', 'written') AND closed_at IS NULL"),
            postgresql_where=sa.text("state IN ('queued', 'writing', 'written') AND closed_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_programming_job_station_id"))
        batch_op.drop_index(batch_op.f("ix_programming_job_queued_at"))
        batch_op.drop_index(
            "ix_programming_job_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_programming_job_fob_id"))
        batch_op.drop_index(batch_op.f("ix_programming_job_credential_id"))

    op.drop_table("programming_job")
    op.drop_table("batch_item")
    with op.batch_alter_table("stock_closing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stock_closing_institution_id_branch_at"))

    op.drop_table("stock_closing")
    op.drop_table("customer_key")
    with op.batch_alter_table("custody_entry", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_custody_entry_transfer",
            sqlite_where=sa.text("transfer_id IS NOT NULL"),
            postgresql_where=sa.text("transfer_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_custody_entry_fob")
        batch_op.drop_index("ix_custody_entry_day")

    op.drop_table("custody_entry")
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_credential_open_slot",
            sqlite_where=sa.text("state <> 'ended'"),
            postgresql_where=sa.text("state <> 'ended'"),
        )
        batch_op.drop_index(
            "uq_credential_open_fob",
            sqlite_where=sa.text("state <> 'ended' AND fob_id IS NOT NULL"),
            postgresql_where=sa.text("state <> 'ended' AND fob_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_credential_suspended")
        batch_op.drop_index("ix_credential_set_up")
        batch_op.drop_index(batch_op.f("ix_credential_kek_id"))
        batch_op.drop_index(batch_op.f("ix_credential_fob_id"))
        batch_op.drop_index(batch_op.f("ix_credential_customer_id"))

    op.drop_table("credential")
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_batch_open_station",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_batch_institution_id_branch_opened_at"))

    op.drop_table("batch")
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_application_open_customer",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index(batch_op.f("ix_application_state_institution_id"))
        batch_op.drop_index(batch_op.f("ix_application_customer_id"))

    op.drop_table("application")
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_web_session_subject_id"))
        batch_op.drop_index(batch_op.f("ix_web_session_last_seen_at"))

    op.drop_table("web_session")
    op.drop_table("station")
    with op.batch_alter_table("fob", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_fob_transfer",
            sqlite_where=sa.text("transfer_id IS NOT NULL"),
            postgresql_where=sa.text("transfer_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_fob_state")
        batch_op.drop_index(batch_op.f("ix_fob_serial"))
        batch_op.drop_index("ix_fob_institution")
        batch_op.drop_index(
            "ix_fob_expires_at",
            sqlite_where=sa.text("expires_at IS NOT NULL"),
            postgresql_where=sa.text("expires_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_fob_branch_state")
        batch_op.drop_index("ix_fob_branch")

    op.drop_table("fob")
    with op.batch_alter_table("stock_transfer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stock_transfer_institution_id_to_branch_sent_at"))
        batch_op.drop_index(batch_op.f("ix_stock_transfer_institution_id_from_branch_sent_at"))

    op.drop_table("stock_transfer")
    op.drop_table("staff")
    with op.batch_alter_table("spent_nonce", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_spent_nonce_expires_at"))

    op.drop_table("spent_nonce")
    op.drop_table("customer")
    op.drop_table("bank_client")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_audit_entry_fob_id",
            sqlite_where=sa.text("fob_id IS NOT NULL"),
            postgresql_where=sa.text("fob_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_audit_entry_customer_id",
            sqlite_where=sa.text("customer_id IS NOT NULL"),
            postgresql_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_audit_entry_credential_id",
            sqlite_where=sa.text("credential_id IS NOT NULL AND customer_id IS NULL"),
            postgresql_where=sa.text("credential_id IS NOT NULL AND customer_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_audit_entry_at"))

    op.drop_table("audit_entry")
    op.drop_table("activation_count")
