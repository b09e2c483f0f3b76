"""A worker's services: they sign checkpoints into a directory of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.services import Services
from provisioning.settings import AuditSettings
from provisioning.store.checkpoints import CheckpointFolder, CheckpointSigner

ORIGIN = "otp.example.co.jp/audit"
KEY_ID = "checkpoint-1"


@pytest.fixture
def worker(services: Services, tmp_path: Path) -> Services:
    """Everything that the worker has."""
    private_key = Ed25519PrivateKey.generate()
    public_keys = {KEY_ID: private_key.public_key().public_bytes_raw()}
    audit = AuditSettings(ORIGIN, tmp_path / "checkpoints", KEY_ID, public_keys)
    return replace(
        services,
        settings=replace(services.settings, audit=audit),
        checkpoints=CheckpointFolder(audit.directory, ORIGIN, public_keys),
        checkpoint_signer=CheckpointSigner(ORIGIN, KEY_ID, private_key),
    )
