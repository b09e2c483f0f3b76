"""A complete settings file with its secret files, as an operator would have it."""

from __future__ import annotations

import secrets
from pathlib import Path

from provisioning.cli.keys import make_first_address_key, make_signing_key, make_vault
from provisioning.secret_files import write_secret
from tests.soft.smtp_servers import certificate

SETTINGS = """
[store]
url = "sqlite:///kagiya.db"

[vault]
directory = "keys/vault"

[keys]
audit_id = "audit-1"
audit_file = "keys/audit.key"
address_directory = "keys/address"
tickets_file = "keys/tickets.key"
station_file = "keys/station.key"

[audit]
origin = "otp.example.co.jp/audit"
checkpoint_directory = "checkpoints"
checkpoint_id = "checkpoint-1"
public_key_file = "keys/checkpoint.pub"
private_key_file = "keys/checkpoint.key"

[mail]
host = "mail.example.co.jp"
port = 587
user = "kagiya"
password_file = "keys/mail-password"

[server]
base_url = "https://otp.example.co.jp"

[station]
server_url = "https://otp.example.co.jp"
directory = "station"
poll_s = 0.5
"""


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, each in a file of its own."""
    certificate(folder)
    chain, begin, key = (folder / "mail.pem").read_text().partition("-----BEGIN PRIVATE KEY-----")
    (folder / "chain.pem").write_text(chain)
    write_secret(folder / "tls.key", (begin + key).strip())
    return folder / "chain.pem", folder / "tls.key"


def write_settings(folder: Path, text: str = SETTINGS) -> Path:
    """Write the file and fresh keys into `folder`, and return the file's path."""
    keys = folder / "keys"
    keys.mkdir()
    make_signing_key(keys, "checkpoint")
    make_vault(keys / "vault", "kek-1")
    make_first_address_key(keys / "address")
    for name in ("audit.key", "tickets.key", "station.key", "mail-password"):
        write_secret(keys / name, secrets.token_hex(32))
    file = folder / "kagiya.toml"
    file.write_text(text)
    return file
