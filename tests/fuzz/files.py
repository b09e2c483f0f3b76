"""Files that others wrote: seeds from makers, profiles, returned mails, what is handed out of the audit log."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, TypeVar, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devices.contract import (
    ContractError,
    Enrol,
    Enrolled,
    JobResult,
    Poll,
    ProgramJob,
    Progress,
    Work,
    dump,
    load,
    parse_authorization,
)
from devices.errors import ProfileInvalid, SeedUnreadable
from devices.profile_files import load_profile as load_firmware_profile
from devices.seed_box import SeedBox, StationKeys
from provisioning.errors import AuditBroken, BadInput, SettingsInvalid
from provisioning.institutions import load_profile
from provisioning.jobs.archive_audit import verify_archive
from provisioning.mail.returned import read_report
from provisioning.pskc.ciphers import FileKey, Passphrase, SharedKey
from provisioning.pskc.reader import read_pskc
from provisioning.pskc_refusals import PskcRefused
from provisioning.rules.key_share import parse_share
from provisioning.services import Services
from provisioning.store.audit import AuditKey
from provisioning.store.audit_archive import FORM
from provisioning.store.audit_encoding import canonical, keyed_hash
from provisioning.store.checkpoints import CheckpointFolder, CheckpointSigner

Run = Callable[[bytes], None]
T = TypeVar("T")
E = TypeVar("E", bound=Exception)
ORIGIN: Final = "fuzz.example/audit"
SHARED_KEY: Final = bytes.fromhex("12345678901234567890123456789012")
PROGRAM: Final = Path(__file__).parents[2] / "docs" / "examples" / "verify_audit_proof.py"
NOT_PROVED: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError, InvalidSignature)
"""What that program tells in its own words."""
_MESSAGES: Final = (Poll, Progress, JobResult, Enrol, Work, Enrolled)
_KEY: Final = AuditKey("audit-1", bytes(32))
_AT: Final = datetime(2026, 11, 20, 3, tzinfo=UTC)
_ENTRY: Final = [2, {"at": _AT.isoformat(), "act": "verify"}]
_ITERATIONS: Final = re.compile(rb"IterationCount[^<]*>\s*([0-9]+)")
_MOST_ITERATIONS: Final = 5_000


def pskc(_folder: Path) -> Run:
    """Under a key, and under a passphrase where the file has it so; nothing but derivation may take its time."""

    def run(data: bytes) -> None:
        if any(int(found[:12]) > _MOST_ITERATIONS for found in _ITERATIONS.findall(data)):
            return
        given: FileKey = Passphrase("qwerty") if b"DerivedKey" in data else SharedKey(SHARED_KEY)
        file = _ended(PskcRefused, lambda: read_pskc(data, given))
        if isinstance(file, PskcRefused):
            assert file.refusals
            return
        for key in file.keys:
            assert key.otp.seed_bytes <= len(key.seed) <= 128
            assert key.serial

    return run


def firmware_profile(folder: Path) -> Run:
    """One file of firmware_profiles/."""
    file = folder / "fuzzed.toml"

    def run(data: bytes) -> None:
        file.write_bytes(data)
        told = _ended(ProfileInvalid, lambda: load_firmware_profile(file))
        assert not isinstance(told, ProfileInvalid) or told.file == file.name

    return run


def institution(folder: Path) -> Run:
    """One file of provisioning/institutions/."""
    file = folder / "fuzzed.toml"

    def run(data: bytes) -> None:
        file.write_bytes(data)
        told = _ended(SettingsInvalid, lambda: load_profile(file))
        assert not isinstance(told, SettingsInvalid) or str(file) in str(told)

    return run


def returned_mail(_folder: Path) -> Run:
    """What a mail server says of a mail that came back."""

    def run(data: bytes) -> None:
        told = _ended(BadInput, lambda: read_report(data))
        assert told is None or isinstance(told, BadInput) or re.fullmatch("[0-9a-f]{32}", told.mail_id)

    return run


def station_message(_folder: Path) -> Run:
    """Either side's reading of the other; the first byte says as what."""
    box = SeedBox("station", StationKeys.generate().sealing)

    def run(data: bytes) -> None:
        kind, body = (data[0] if data else 0) % (len(_MESSAGES) + 1), data[1:]
        if kind == len(_MESSAGES):
            header = body.decode("latin-1")
            signed = _ended(ContractError, lambda: parse_authorization(header))
            assert isinstance(signed, ContractError) or signed.header() == header
            return
        message: Any = _ended(ContractError, lambda: load(_MESSAGES[kind], body))
        if isinstance(message, ContractError):
            assert len(message.problem) < 200
            return
        assert load(_MESSAGES[kind], dump(message)) == message
        for job in message.jobs if isinstance(message, Work) else ():
            _unseal(box, job)

    return run


def key_share(_folder: Path) -> Run:
    """What a custodian types."""

    def run(data: bytes) -> None:
        text = data.decode(errors="replace")
        told = _ended(ValueError, lambda: parse_share(text))
        assert isinstance(told, ValueError) or parse_share(told.text) == told

    return run


def checkpoint(folder: Path) -> Run:
    """A signed note."""
    notes = CheckpointFolder(folder, ORIGIN, {"k": bytes(32)})

    def run(data: bytes) -> None:
        told = _ended(AuditBroken, lambda: notes.read_text(data.decode(errors="replace"), "file"))
        assert not isinstance(told, AuditBroken) or told.file == "file"

    return run


def audit_archive(folder: Path) -> Run:
    """Read by us, and by the program that strangers have. `NOTE` and `MAC` stand for what is rightly signed."""
    file, stranger, key = folder / "archive", _program(), Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key().public_bytes_raw()
    services = cast(
        Services,
        SimpleNamespace(
            settings=SimpleNamespace(audit=None),
            audit_key=_KEY,
            checkpoints=CheckpointFolder(folder, ORIGIN, {"k": public}),
        ),
    )
    note = json.dumps(CheckpointSigner(ORIGIN, "k", key).sign(1, _root(), _AT).text).encode()

    def run(data: bytes) -> None:
        file.write_bytes(data.replace(b'"NOTE"', note).replace(b'"MAC"', b'"%s"' % _mac().encode()))
        told = _ended(AuditBroken, lambda: verify_archive(services, file))
        assert not isinstance(told, AuditBroken) or told.file == str(file)
        with suppress(*NOT_PROVED):
            stranger.main(ORIGIN, public.hex(), file)

    return run


def archive_lines() -> bytes:
    """An archive of one entry that is right, with the two words in place of what depends on keys."""
    header = {"before": [], "checkpoint": "NOTE", "first": 0, "form": FORM, "path": []}
    leaf = _leaf() | {"mac": "MAC"}
    return canonical(header).encode() + b"\n" + canonical(leaf).encode() + b"\n"


def _leaf() -> dict[str, Any]:
    return {"entry": _ENTRY, "key_id": "audit-1", "number": 1, "mac": _mac()}


def _mac() -> str:
    return keyed_hash(_KEY.key, canonical(_ENTRY)).hex()


def _root() -> bytes:
    return sha256(b"\0" + canonical(_leaf()).encode()).digest()


def _ended(kind: type[E], call: Callable[[], T]) -> T | E:
    """What `call` gives, or what it raises of this kind."""
    try:
        return call()
    except kind as error:
        return error


def _unseal(box: SeedBox, job: ProgramJob) -> None:
    for opened in (box.open, box.open_access_code):
        told = _ended(SeedUnreadable, partial(opened, job))
        assert not isinstance(told, SeedUnreadable) or told.job_id == job.job_id


def _program() -> Any:
    spec = importlib.util.spec_from_file_location("verify_audit_proof", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
