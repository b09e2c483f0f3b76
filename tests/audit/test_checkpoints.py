"""Where the log stands is signed outside the database; a log that does not continue it is not signed again."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import delete, text, update

from provisioning.errors import AuditBroken, AuditFault
from provisioning.jobs.seal_audit import seal_audit
from provisioning.jobs.write_checkpoint import write_checkpoint
from provisioning.services import Services
from provisioning.store.checkpoints import CheckpointFolder, CheckpointSigner
from provisioning.store.tables import AuditBatch, AuditLeaf
from tests.audit.conftest import KEY_ID, ORIGIN
from tests.audit.log import write_entries
from tests.fixtures.databases import sqlite_only

MINUTE = timedelta(minutes=1)


@sqlite_only
def test_a_checkpoint_is_a_signed_note_that_others_can_read(worker: Services, now: datetime) -> None:
    assert write_checkpoint(worker, now) is None
    write_entries(worker, range(5), now)
    seal_audit(worker, now)
    file = write_checkpoint(worker, now)
    assert file is not None
    assert file.name == "00000000000000000005.checkpoint"
    body, _, line = file.read_text().partition("\n\n")
    origin, size, root, at = body.split("\n")
    assert (origin, size, at) == (ORIGIN, "5", now.isoformat())
    assert len(base64.b64decode(root)) == 32
    dash, key_id, mark = line.removesuffix("\n").split(" ")
    assert (dash, key_id) == ("—", KEY_ID)
    assert worker.settings.audit is not None
    public_key = worker.settings.audit.public_keys[KEY_ID]
    raw = base64.b64decode(mark)
    assert raw[:4] == hashlib.sha256(KEY_ID.encode() + b"\n\x01" + public_key).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public_key).verify(raw[4:], f"{body}\n".encode())


@sqlite_only
def test_there_is_one_for_each_size_and_nothing_half_written(worker: Services, now: datetime) -> None:
    write_entries(worker, range(5), now)
    seal_audit(worker, now)
    assert write_checkpoint(worker, now)
    assert write_checkpoint(worker, now + MINUTE) is None
    write_entries(worker, range(5, 9), now)
    assert write_checkpoint(worker, now + MINUTE) is None
    seal_audit(worker, now)
    assert write_checkpoint(worker, now + MINUTE)
    assert worker.checkpoints is not None
    assert [checkpoint.size for _, checkpoint in worker.checkpoints.all()] == [5, 9]
    assert worker.settings.audit is not None
    assert len(list(worker.settings.audit.directory.iterdir())) == 2


@sqlite_only
def test_a_role_without_the_private_key_signs_nothing(services: Services, now: datetime) -> None:
    write_entries(services, range(5), now)
    seal_audit(services, now)
    assert write_checkpoint(services, now) is None


@pytest.mark.parametrize(
    ("size_left", "fault"), [(4, AuditFault.OLDER_THAN_CHECKPOINT), (8, AuditFault.NOT_WHAT_WAS_SIGNED)]
)
def test_a_database_that_was_set_back_is_not_signed(
    worker: Services, now: datetime, size_left: int, fault: AuditFault
) -> None:
    write_entries(worker, range(4), now)
    seal_audit(worker, now)
    write_entries(worker, range(4, 8), now)
    seal_audit(worker, now)
    file = write_checkpoint(worker, now)
    with worker.store.write() as tx:
        tx.execute(delete(AuditBatch).where(AuditBatch.first_index >= 4))
        tx.execute(delete(AuditLeaf).where(AuditLeaf.leaf_index >= 4))
        tx.execute(text("DELETE FROM audit_entry WHERE id > 4"))
    write_entries(worker, range(20, 20 + size_left - 4), now)
    seal_audit(worker, now)
    with pytest.raises(AuditBroken) as refused:
        write_checkpoint(worker, now + MINUTE)
    assert (refused.value.fault, refused.value.file) == (fault, str(file))


@sqlite_only
def test_a_changed_leaf_is_not_signed(worker: Services, now: datetime) -> None:
    write_entries(worker, range(4), now)
    seal_audit(worker, now)
    write_checkpoint(worker, now)
    with worker.store.write() as tx:
        tx.execute(update(AuditLeaf).where(AuditLeaf.leaf_index == 2).values(leaf_hash=bytes(32)))
    with pytest.raises(AuditBroken):
        write_checkpoint(worker, now + MINUTE)


@sqlite_only
def test_no_byte_of_a_checkpoint_can_be_changed(worker: Services, now: datetime) -> None:
    write_entries(worker, range(4), now)
    seal_audit(worker, now)
    file = write_checkpoint(worker, now)
    assert file is not None
    assert worker.checkpoints is not None
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(AuditBroken) as refused:
            worker.checkpoints.latest()
        assert refused.value.fault is AuditFault.CHECKPOINT_FORGED


@sqlite_only
def test_a_strangers_checkpoint_is_not_believed(worker: Services, now: datetime) -> None:
    assert worker.checkpoints is not None
    stranger = CheckpointSigner(ORIGIN, KEY_ID, Ed25519PrivateKey.generate())
    file = worker.checkpoints.write(stranger.sign(7, bytes(32), now))
    with pytest.raises(AuditBroken):
        worker.checkpoints.read(file)
    assert worker.settings.audit is not None
    assert worker.checkpoint_signer is not None
    other_log = CheckpointFolder(worker.settings.audit.directory, "other", worker.settings.audit.public_keys)
    ours = worker.checkpoints.write(worker.checkpoint_signer.sign(8, bytes(32), now))
    assert worker.checkpoints.read(ours).size == 8
    with pytest.raises(AuditBroken):
        other_log.read(ours)
