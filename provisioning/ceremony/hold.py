"""Holding a ceremony: splitting a key into its custodians' shares, and joining it from them again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from provisioning.ceremony.minutes import Ceremony, CeremonyAct, signed
from provisioning.ceremony.plan import Custodian, Plan
from provisioning.errors import SettingsInvalid
from provisioning.rules.key_share import KeyShare, parse_share
from provisioning.rules.secret_sharing import join, split
from provisioning.secret_files import read_key
from provisioning.store.key_folder import KeyFolder

Turn = Callable[[Custodian, KeyShare], None]
"""Told of each custodian before their share is written, so that nobody else is at their medium."""


def split_key(plan: Plan, now: datetime, turn: Turn) -> Ceremony:
    """A new key whose private half is never written down whole; or that of the file, if the directory has one.

    Raises SettingsInvalid, OSError; then nothing that was written stays.
    """
    # a machine that is used for this alone has none, and nobody is called in vain
    plan.directory.mkdir(mode=0o755, exist_ok=True)
    keys = KeyFolder(plan.directory, plan.file)
    signers = _signing_keys(plan)
    existing = keys.holds_private(plan.kek_id)
    if not existing and plan.kek_id in keys.ids():
        _fail(plan, "kek_id", f"{plan.kek_id} is there already, and its private half is not")
    private = keys.private(plan.kek_id) if existing else X25519PrivateKey.generate().private_bytes_raw()
    public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    ceremony = Ceremony(
        act=CeremonyAct.SPLIT if existing else CeremonyAct.MADE,
        kek_id=plan.kek_id,
        public_key=public,
        at=now,
        place=plan.place,
        shares=_shares(plan, private),
        witnesses=tuple(person.name for person in plan.witnesses),
    )
    written: list[Path] = []
    try:
        for custodian, share in zip(plan.custodians, ceremony.shares, strict=True):
            turn(custodian, share)
            written.append(_write_new(custodian.share, share.text))
        written.append(_write_new(plan.minutes, signed(ceremony.body, signers)))
        if not existing:
            keys.write_public(plan.kek_id, public)
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise
    return ceremony


def join_key(plan: Plan, now: datetime) -> Ceremony:
    """The private half into its file, from the shares of those in the plan. Raises SettingsInvalid, OSError."""
    keys = KeyFolder(plan.directory, plan.file)
    signers = _signing_keys(plan)
    shares = tuple(_read_share(plan, custodian) for custodian in plan.custodians)
    _refuse_mixed(plan, shares)
    # all of them: one that does not belong to the others gives another key
    private = join({share.number: share.value for share in shares})
    public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    if keys.public(plan.kek_id) != public:
        _fail(plan, "custodian", f"their shares do not give the key of {plan.kek_id}.pub")
    witnesses = tuple(person.name for person in plan.witnesses)
    ceremony = Ceremony(CeremonyAct.JOINED, plan.kek_id, public, now, plan.place, shares, witnesses)
    minutes = _write_new(plan.minutes, signed(ceremony.body, signers))
    try:
        keys.write_private(plan.kek_id, private)
    except BaseException:
        minutes.unlink()
        raise
    return ceremony


def _shares(plan: Plan, private: bytes) -> tuple[KeyShare, ...]:
    number, splitting = len(plan.custodians), secrets.token_hex(4).upper()
    values = split(private, plan.needed, number)
    return tuple(
        KeyShare(plan.kek_id, custodian.name, splitting, at, number, plan.needed, values[at])
        for at, custodian in enumerate(plan.custodians, 1)
    )


def _read_share(plan: Plan, custodian: Custodian) -> KeyShare:
    try:
        return parse_share(custodian.share.read_text(encoding="utf-8"))
    except OSError as error:
        _fail(plan, "custodian.share", f"{custodian.share} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        _fail(plan, "custodian.share", f"{custodian.share} is no share of a key")
    except ValueError as wrong:
        _fail(plan, "custodian.share", f"{custodian.share} {wrong}")


def _refuse_mixed(plan: Plan, shares: tuple[KeyShare, ...]) -> None:
    """Of one key and one splitting, each number once, and enough of them."""
    first = shares[0]
    same = {(share.kek_id, share.splitting, share.of, share.needed) for share in shares}
    if same != {(plan.kek_id, first.splitting, first.of, first.needed)}:
        _fail(plan, "custodian.share", f"they are not shares of one splitting of {plan.kek_id}")
    if len({share.number for share in shares}) != len(shares):
        _fail(plan, "custodian.share", "one of them is there twice")
    if len(shares) < first.needed:
        _fail(plan, "custodian", f"are {len(shares)}, and {first.needed} shares are needed")


def _signing_keys(plan: Plan) -> list[tuple[str, Ed25519PrivateKey]]:
    return [
        (
            person.name,
            Ed25519PrivateKey.from_private_bytes(read_key(plan.file, "signing_key", person.signing_key)),
        )
        for person in plan.signers
    ]


def _write_new(file: Path, text: str) -> Path:
    """For its owner alone, on the medium for good. Raises FileExistsError."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    return file


def _fail(plan: Plan, key: str, problem: str) -> NoReturn:
    raise SettingsInvalid(plan.file, key, problem)
