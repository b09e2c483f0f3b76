"""The minutes of a ceremony: who, when, which key, check values, no secret; signed by everybody who was there."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from provisioning.rules.key_share import KeyShare, check_value

HEADING: Final = "kagiya key ceremony 1"
_SIGNED: Final = re.compile(r"signed: (.+): ([0-9a-f]{64}): ([A-Za-z0-9+/=]+)")


class CeremonyAct(StrEnum):
    """What was done with the key."""

    MADE = "made and split"
    SPLIT = "split from its file"
    JOINED = "joined from shares"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What the minutes tell."""

    act: CeremonyAct
    kek_id: str
    public_key: bytes
    at: datetime
    place: str
    shares: tuple[KeyShare, ...]
    witnesses: tuple[str, ...]

    @property
    def body(self) -> str:
        """What is signed."""
        first = self.shares[0]
        return "\n".join(
            (
                HEADING,
                "鍵の作成・分割・復元の記録 (議事録)",
                f"key: {self.kek_id}",
                f"act: {self.act}",
                f"at: {self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                f"place: {self.place}",
                f"public half: {self.public_key.hex()}",
                f"check value of the key: {check_value(self.public_key)}",
                f"shares: {first.needed} of {first.of} needed, splitting {first.splitting}",
                *(f"share {one.number}: {one.custodian}: check value {one.check_value}" for one in self.shares),
                *(f"witness: {name}" for name in self.witnesses),
                "",
            )
        )


def signed(body: str, signers: Iterable[tuple[str, Ed25519PrivateKey]]) -> str:
    """The minutes with a line for each signature, and one each for a stamp on paper."""
    keys = list(signers)
    return _laid_out(body, [_signature(body, *one) for one in keys], [name for name, _ in keys])


def check_minutes(text: str, public_keys: Sequence[bytes]) -> dict[str, bytes]:
    """Who signed, with which key. Raises ValueError unless exactly the owners of `public_keys` did, every one."""
    body, _, rest = text.partition("\n\n")
    lines = [line for line in rest.splitlines() if line.startswith("signed: ")]
    found = [match.groups() for line in lines if (match := _SIGNED.fullmatch(line))]
    signers: Mapping[str, bytes] = {name: bytes.fromhex(key) for name, key, _ in found}
    if not text.startswith(f"{HEADING}\n") or sorted(signers.values()) != sorted(public_keys):
        raise ValueError("were not signed by these people")
    for name, key, signature in found:
        try:
            signed_by = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
            signed_by.verify(b64decode(signature), _named(name, f"{body}\n"))
        except (InvalidSignature, ValueError):
            raise ValueError(f"were changed after {name} signed them") from None
    if text != _laid_out(f"{body}\n", [f"{line}\n" for line in lines], list(signers)):
        raise ValueError("have something that nobody signed")
    return dict(signers)


def _laid_out(body: str, signatures: Sequence[str], names: Sequence[str]) -> str:
    stamps = "".join(f"署名・押印 {name}: ____________________\n" for name in names)
    return f"{body}\n{''.join(signatures)}\n{stamps}"


def _signature(body: str, name: str, key: Ed25519PrivateKey) -> str:
    public = key.public_key().public_bytes_raw().hex()
    return f"signed: {name}: {public}: {b64encode(key.sign(_named(name, body))).decode()}\n"


def _named(name: str, body: str) -> bytes:
    return f"{body}\n{name}".encode()
