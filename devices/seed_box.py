"""The station's own keys: one signs its requests, the other opens the seeds that are meant for it.

They are made at enrolment, lie in the station's directory (mode 700, files 600) and never leave it. Seeds are
opened in memory for the moment of writing (R27).
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from devices.contract import ACCESS_CODE_BYTES, Enrolled, ProgramJob
from devices.driver import AccessCode
from devices.errors import KeyFileUnsafe, NotEnrolled, SeedUnreadable, StationRuns

_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_SIGNING: Final = "signing.key"
_SEALING: Final = "sealing.key"
_STATION: Final = "station.json"
_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class StationKeys:
    """Ed25519 to sign with, X25519 to be sealed to."""

    signing: Ed25519PrivateKey = field(repr=False)
    sealing: X25519PrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> StationKeys:
        """Fresh ones."""
        return cls(Ed25519PrivateKey.generate(), X25519PrivateKey.generate())


@dataclass(frozen=True)
class Enrolment:
    """A station that may work: its id and name at the server with that address and key, and its own keys."""

    station_id: str
    name: str
    server_url: str
    server_key: Ed25519PublicKey = field(repr=False)
    keys: StationKeys

    @classmethod
    def of(cls, enrolled: Enrolled, server_url: str, keys: StationKeys) -> Enrolment:
        """As the server answered. Raises ValueError for a key that is none."""
        server_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(enrolled.server_key))
        return cls(enrolled.station_id, enrolled.name, server_url, server_key, keys)

    def save(self, directory: Path) -> None:
        """Write into `directory`, which is made if need be. The name comes last: without it nothing counts."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_private(directory)
        _write(directory / _SIGNING, self.keys.signing.private_bytes_raw())
        _write(directory / _SEALING, self.keys.sealing.private_bytes_raw())
        facts = {
            "station_id": self.station_id,
            "name": self.name,
            "server_url": self.server_url,
            "server_key": self.server_key.public_bytes_raw().hex(),
        }
        _write(directory / _STATION, json.dumps(facts, ensure_ascii=False).encode())

    @classmethod
    def load(cls, directory: Path) -> Enrolment:
        """Read it. Raises NotEnrolled, KeyFileUnsafe."""
        try:
            for file in (directory, directory / _SIGNING, directory / _SEALING):
                _check_private(file)
            facts = json.loads((directory / _STATION).read_bytes())
            signing = Ed25519PrivateKey.from_private_bytes((directory / _SIGNING).read_bytes())
            sealing = X25519PrivateKey.from_private_bytes((directory / _SEALING).read_bytes())
            server_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(facts["server_key"]))
            own = StationKeys(signing, sealing)
            return cls(facts["station_id"], facts["name"], facts["server_url"], server_key, own)
        except (OSError, ValueError, KeyError, TypeError):
            raise NotEnrolled(str(directory)) from None


@dataclass(frozen=True)
class SeedBox:
    """Opens the seeds and access codes of jobs for one station."""

    station_id: str
    _key: X25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, enrolment: Enrolment) -> SeedBox:
        """The box of an enrolled station."""
        return cls(enrolment.station_id, enrolment.keys.sealing)

    def open(self, job: ProgramJob) -> bytes:
        """The seed of `job`. Raises SeedUnreadable for anything not sealed for this station, job and serial."""
        return self._open(job, job.sealed_seed, "kagiya job seed 1")

    def open_access_code(self, job: ProgramJob) -> AccessCode | None:
        """The access code of `job`, None if it has none. Raises SeedUnreadable."""
        if not job.sealed_access_code:
            return None
        code = self._open(job, job.sealed_access_code, "kagiya access code 1")
        if len(code) != ACCESS_CODE_BYTES:
            raise SeedUnreadable(job.job_id)
        return AccessCode(code, job.access_code_in_force, job.may_use_last_try, job.access_tries_left)

    def _open(self, job: ProgramJob, sealed: str, purpose: str) -> bytes:
        info = f"{purpose}\n{self.station_id}\n{job.job_id}\n{job.serial}".encode()
        try:
            return _SUITE.decrypt(base64.b64decode(sealed, validate=True), self._key, info)
        except (InvalidTag, ValueError):
            raise SeedUnreadable(job.job_id) from None


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep other agents from working with this enrolment meanwhile; a killed one keeps nobody out.

    Raises StationRuns.
    """
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(handle, directory)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, directory: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StationRuns(str(directory)) from None


def _check_private(file: Path) -> None:
    """Raises KeyFileUnsafe if anybody but the owner has any right. OSError if it is not there."""
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        raise KeyFileUnsafe(str(file), f"{mode:o}")


def _write(file: Path, data: bytes) -> None:
    """Replace `file` in one step, never readable by others, on the disk before it counts."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
