"""The document's fob as recorded conversations, and the host that had them."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from devices.driver import SlotProgram, Surroundings
from devices.drivers.kagiya_fob.driver import KagiyaFob
from devices.drivers.kagiya_fob.session import Draw
from devices.profile_files import load_profiles
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.devices.doubles import RecordedBytes, RecordedReports
from tests.devices.vectors import hexed, vectors

(PROFILE,) = (profile for profile in load_profiles() if profile.name == "kagiya-fob")
ROOT = "kagiya-fob-maker"
FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)
STEPS = ("open", "status_before", "set_clock", "stage", "prove", "commit", "read_code", "status_after", "end")
ERASE_STEPS = ("open", "status_before", "erase", "status_after", "end")


def surroundings(now: float, expected_serial: str = "KF10000001", root: bytes | None = None) -> Surroundings:
    roots = {ROOT: hexed("keys", "root_public") if root is None else root}
    return Surroundings(PROFILE, lambda: now, roots, expected_serial)


def draw(block: str) -> Draw:
    scalar = int(vectors(block)["host_ephemeral_private"], 16)
    return Draw(
        nonce=hexed(block, "host_nonce"),
        key=ec.derive_private_key(scalar, ec.SECP256R1()),
        challenge=hexed("program", "challenge"),
    )


def conversation(block: str, steps: tuple[str, ...]) -> dict[bytes, bytes]:
    return {hexed(block, f"{step}_request"): hexed(block, f"{step}_response") for step in steps}


def fob_in_program(link: RecordedReports | RecordedBytes, **changes: object) -> KagiyaFob:
    return KagiyaFob(link, surroundings(float(vectors("program")["unix_time"]), **changes), draw("program"))  # type: ignore[arg-type]


def recorded_program(changes: Mapping[bytes, bytes] | None = None) -> RecordedReports:
    identify = {hexed("identify", "request"): hexed("identify", "response")}
    return RecordedReports(identify | conversation("program", STEPS) | dict(changes or {}))


def program() -> SlotProgram:
    return SlotProgram(FORM, hexed("program", "seed"))
