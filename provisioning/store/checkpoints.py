"""Signed checkpoints as files in a directory outside the database, one for each size that was signed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from provisioning.errors import AuditBroken, AuditFault
from provisioning.rules.checkpoint import Checkpoint, SignedCheckpoint, key_hint, parse_checkpoint
from provisioning.store.disk import flush_directory

ENDING: Final = ".checkpoint"


class CheckpointSigner:
    """Has the private key; the worker alone holds one."""

    def __init__(self, origin: str, key_id: str, key: Ed25519PrivateKey) -> None:
        self._origin, self._key_id, self._key = origin, key_id, key

    def sign(self, size: int, root: bytes, at: datetime) -> SignedCheckpoint:
        """That the log stands there."""
        checkpoint = Checkpoint(self._origin, size, root, at)
        hint = key_hint(self._key_id, self._key.public_key().public_bytes_raw())
        return SignedCheckpoint(checkpoint, self._key_id, hint, self._key.sign(checkpoint.body.encode()))


class CheckpointFolder:
    """The directory, and the public keys that its notes are believed by. Raises AuditBroken for any other note."""

    def __init__(self, directory: Path, origin: str, public_keys: Mapping[str, bytes]) -> None:
        self._directory, self._origin, self._public_keys = directory, origin, dict(public_keys)

    def read(self, file: Path) -> Checkpoint:
        """What one file says, if one of our keys signed it for this log."""
        return self.read_text(file.read_bytes().decode(errors="replace"), str(file))

    def read_text(self, text: str, file: str) -> Checkpoint:
        """The same of a note that stands in another `file`."""
        try:
            signed = parse_checkpoint(text)
            public_key = self._public_keys[signed.key_id]
            body = signed.checkpoint.body.encode()
            Ed25519PublicKey.from_public_bytes(public_key).verify(signed.signature, body)
        except (ValueError, KeyError, InvalidSignature):
            raise AuditBroken(AuditFault.CHECKPOINT_FORGED, file=file) from None
        if signed.checkpoint.origin != self._origin or signed.hint != key_hint(signed.key_id, public_key):
            raise AuditBroken(AuditFault.CHECKPOINT_FORGED, file=file)
        return signed.checkpoint

    def files(self) -> list[Path]:
        """Every checkpoint's file, the smallest tree first."""
        return sorted(self._directory.glob(f"*{ENDING}"))

    def all(self) -> Iterator[tuple[Path, Checkpoint]]:
        """Every checkpoint with its file, the smallest tree first; each stands under its own size."""
        for file in self.files():
            checkpoint = self.read(file)
            if file.name != _name(checkpoint):
                raise AuditBroken(AuditFault.CHECKPOINT_FORGED, file=str(file))
            yield file, checkpoint

    def latest(self) -> tuple[Path, Checkpoint] | None:
        """The one of the largest tree."""
        files = self.files()
        return (files[-1], self.read(files[-1])) if files else None

    def write(self, signed: SignedCheckpoint) -> Path:
        """Put it onto the disk for good; whoever reads the directory sees it whole or not at all."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._directory / _name(signed.checkpoint)
        fresh = self._directory / f".{secrets.token_hex(8)}"
        with fresh.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(signed.text)
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):  # another worker signed the same tree
            os.link(fresh, file)
        fresh.unlink()
        flush_directory(self._directory)
        return file


def _name(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.size:020}{ENDING}"
