"""What crosses between the verifier and those who ask it: strict, versioned JSON both ways.

    POST /api/verifier/v1/judge         JudgeRequest       → Judgement
    POST /api/verifier/v1/adopt         AdoptRequest       → Adoption
    POST /api/verifier/v1/access-code   AccessCodeRequest  → AccessCodeAnswer
    POST /api/verifier/v1/ready         ReadyRequest       → ReadyAnswer

Each under TLS with certificates on both sides, and with the asker's token (role_tokens). A question about a code
names the row; the verifier reads it for itself, and judges by its own clock and profiles. An error is
`{"error": …}`: `wrong_state` (409) if the row is not as the asker read it, `clock` (503), or another that
means that nothing is told.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, TypeVar, get_type_hints

from provisioning.rules.otp import Counters, Match, Verdict
from provisioning.store.vault import SealedSeed

PREFIX: Final = "/api/verifier/v1"
JUDGE: Final = f"{PREFIX}/judge"
ADOPT: Final = f"{PREFIX}/adopt"
ACCESS_CODE: Final = f"{PREFIX}/access-code"
READY: Final = f"{PREFIX}/ready"
NOBODY: Final = "0" * 32
"""A credential that does not exist: a question about it takes as long as any other (R09)."""

_FEWEST_DIGITS: Final = 4
_MOST_DIGITS: Final = 12
_MOST_LETTERS: Final = 64
_ACCESS_CODE: Final = re.compile("[0-9a-f]{64}")
T = TypeVar("T")


class MessageInvalid(ValueError):
    """A message is not of the form agreed on; names the field, never its value."""


class AskFault(StrEnum):
    """What an asker acts upon."""

    WRONG_STATE = "wrong_state"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """`operation`: one without a question of its own. `codes`: one, or two for RESYNC, joined by a space."""

    operation: str
    credential_id: str
    seed_version: int
    codes: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with the counters to store."""

    verdict: str
    last_step: int
    highest_seen_step: int
    drift_steps: int


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """The seed that came with the fob is to become the credential's version `seed_version`, if the code fits."""

    credential_id: str
    fob_id: str
    seed_version: int
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Adoption(Judgement):
    """With a sealed seed (base64) if the verdict is `fresh`, else empty texts."""

    sealed_seed: str
    wrapped_key: str
    kek_id: str


@dataclass(frozen=True, slots=True)
class AccessCodeRequest:
    """Which device, by the names that the code follows from."""

    profile: str
    serial: str


@dataclass(frozen=True, slots=True)
class AccessCodeAnswer:
    """The 32 bytes in hexadecimal."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadyRequest:
    """A canary, sealed with the asker's half of the vault (base64)."""

    sealed_seed: str
    wrapped_key: str
    kek_id: str


@dataclass(frozen=True, slots=True)
class ReadyAnswer:
    """SHA-256 of the canary in hexadecimal."""

    digest: str


def dump(message: Any) -> bytes:
    """As JSON."""
    return json.dumps(asdict(message), separators=(",", ":")).encode()


def load(kind: type[T], data: bytes) -> T:
    """The message, with exactly its fields, each of its type. Raises MessageInvalid."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise MessageInvalid("not JSON") from None
    hints = get_type_hints(kind)
    names = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(value, dict) or set(value) != names:
        raise MessageInvalid("not the fields agreed on")
    for name, item in value.items():
        if type(item) is not hints[name] or (isinstance(item, str) and not item.isprintable()):
            raise MessageInvalid(name)
    return kind(**value)


def read_codes(text: str, count: int) -> tuple[str, ...]:
    """`count` codes of ASCII digits. Raises MessageInvalid."""
    codes = tuple(text.split(" "))
    fine = all(code.isascii() and code.isdigit() and _FEWEST_DIGITS <= len(code) <= _MOST_DIGITS for code in codes)
    if len(codes) != count or not fine:
        raise MessageInvalid("codes")
    return codes


def read_device(message: AccessCodeRequest) -> tuple[str, str]:
    """Profile and serial number, as long as a fob's row can have them. Raises MessageInvalid."""
    for name, text in (("profile", message.profile), ("serial", message.serial)):
        if not 0 < len(text) <= _MOST_LETTERS:
            raise MessageInvalid(name)
    return message.profile, message.serial


def read_access_code(message: AccessCodeAnswer) -> bytes:
    """As received. Raises MessageInvalid."""
    if not _ACCESS_CODE.fullmatch(message.code):
        raise MessageInvalid("code")
    return bytes.fromhex(message.code)


def judgement(match: Match) -> Judgement:
    """To be sent."""
    counters = match.counters
    return Judgement(match.verdict, counters.last_step, counters.highest_seen_step, counters.drift_steps)


def read_judgement(message: Judgement) -> Match:
    """As received. Raises MessageInvalid."""
    try:
        verdict = Verdict(message.verdict)
    except ValueError:
        raise MessageInvalid("verdict") from None
    return Match(verdict, Counters(message.last_step, message.highest_seen_step, message.drift_steps))


def adoption(match: Match, sealed: SealedSeed | None) -> Adoption:
    """To be sent."""
    texts = ("", "", "") if sealed is None else sealed_texts(sealed)
    counters = match.counters
    return Adoption(match.verdict, counters.last_step, counters.highest_seen_step, counters.drift_steps, *texts)


def sealed_texts(sealed: SealedSeed) -> tuple[str, str, str]:
    """`sealed_seed`, `wrapped_key`, `kek_id` of a message."""
    return _encode(sealed.sealed_seed), _encode(sealed.wrapped_key), sealed.kek_id


def read_sealed(message: Adoption | ReadyRequest) -> SealedSeed:
    """As received. Raises MessageInvalid."""
    try:
        seed, key = (base64.b64decode(text, validate=True) for text in (message.sealed_seed, message.wrapped_key))
        return SealedSeed(seed, key, message.kek_id)
    except ValueError:
        raise MessageInvalid("sealed_seed, wrapped_key") from None


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()
