"""Settings of one process: a frozen value, read once (provisioning.settings_file) and handed down.

Nothing secret has a default, and nothing secret shows in `repr`. Keys that the process's roles must not
have are None (R51). docs/operations.md has an example file with every key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

PBKDF2_FLOOR: Final = 600_000
"""Fewest PBKDF2-HMAC-SHA-256 iterations outside the demo (OWASP Password Storage)."""


class LogLevel(StrEnum):
    """How much is logged; no level logs a secret."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


class ClockSource(StrEnum):
    """Who answers for this machine's time (R04)."""

    KERNEL = "kernel"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """`url` is an SQLAlchemy address; it may hold a password, so it never shows."""

    url: str = field(repr=False)
    pool_size: int = 8


@dataclass(frozen=True, slots=True)
class HsmSettings:
    """A token behind a PKCS#11 `module`, by its label. The PIN stays in its file, read when somebody logs in.

    `software`: SoftHSM is taken, too, which production refuses.
    """

    module: Path
    token: str
    pin_file: Path
    timeout_s: float = 2.0
    software: bool = False


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """`directory` of the key-encryption keys (provisioning.store.key_folder); `hsm` is the verifier role's alone.

    Unwrapped data keys: at most `data_keys` of them, for at most `data_key_life_s`.
    """

    directory: Path
    hsm: HsmSettings | None = None
    data_keys: int = 1_000
    data_key_life_s: float = 300.0


@dataclass(frozen=True, slots=True)
class KeySettings:
    """Symmetric keys, 32 bytes each; `address` is a directory of them (provisioning.store.address_keys).

    All but `audit` are None in roles that must not have them.
    """

    audit_id: str
    audit: bytes = field(repr=False)
    address: Path | None = None
    tickets: bytes | None = field(default=None, repr=False)
    station: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Checkpoints of the audit log, outside the database, and what it is verified with.

    `public_keys` (Ed25519, raw): by key id, former ones too; `private_key` is None outside the worker.
    `former_keys`: of the keyed hashes before the one in use; only the worker and operators' commands have them.
    """

    origin: str
    directory: Path
    key_id: str
    public_keys: Mapping[str, bytes]
    private_key: bytes | None = field(default=None, repr=False)
    former_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mail goes out; only the worker has `password`. The sender is the institution's own."""

    host: str = "localhost"
    port: int = 25
    starttls: bool = True
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The web server. `trusted_proxies` counts the proxies before it whose forwarding headers are believed.

    With `clock` KERNEL no code is accepted while the kernel says that its clock follows no time source;
    HOST is for virtual machines and containers whose host keeps the time. `tls_clients`: only who shows a
    certificate of this authority is spoken to. Refusals of strangers leave at whole `refusal_step_s`.
    """

    base_url: str = "https://localhost"
    trusted_proxies: int = 0
    debug: bool = False
    demo: bool = False
    clock: ClockSource = ClockSource.KERNEL
    log_level: LogLevel = LogLevel.INFO
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_clients: Path | None = None
    refusal_step_s: float = 0.1


@dataclass(frozen=True, slots=True)
class VerifierSettings:
    """The verifier as a process of its own: where others find it, and the folder of this process's certificate.

    Files are named by roles: `staff.pem` and `staff.key`, `bank-staff.pem` for a process with both,
    `verifier.pem`; `authority.pem` signed them, `revoked` lists those that are not believed any more.
    """

    url: str
    directory: Path
    timeout_s: float = 3.0


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The soft-token app: PBKDF2 iterations asked of it, the origin it is loaded from, and how many wrong
    activation proofs a day are looked at before more are refused unseen (docs/app-protocol.md)."""

    pbkdf2_iterations: int = PBKDF2_FLOOR
    origin: str = ""
    wrong_a_day_per_customer: int = 10
    wrong_a_day_per_source: int = 20
    wrong_a_day_per_service: int = 1000


@dataclass(frozen=True, slots=True)
class StationSettings:
    """The agent on the desk; `directory` keeps its keys. `emulators` would be the rig's: production refuses it.

    `profiles`: folder of firmware profiles, None for the shipped ones. `roots`: manufacturer root → public key
    (P-256, uncompressed, 65 bytes). `cradles`: path of a serial port → firmware profile of what sits there.
    """

    server_url: str = ""
    directory: Path = Path("/var/lib/kagiya-station")
    poll_s: float = 1.0
    profiles: Path | None = None
    roots: Mapping[str, bytes] = field(default_factory=dict)
    cradles: Mapping[str, str] = field(default_factory=dict)
    emulators: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator decides. `institutions` is a folder of profiles; None means the shipped ones."""

    store: StoreSettings
    vault: VaultSettings
    keys: KeySettings
    mail: MailSettings = MailSettings()
    server: ServerSettings = ServerSettings()
    app: AppSettings = AppSettings()
    station: StationSettings = StationSettings()
    audit: AuditSettings | None = None
    verifier: VerifierSettings | None = None
    institutions: Path | None = None
