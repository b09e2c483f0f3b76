"""The process that speaks to a PKCS#11 module: `python -m provisioning.store.hsm_process MODULE TOKEN PIN_FILE …`.

A maker's library runs in its caller's process, may hang in it, crash it, and, when its token was gone, often wants
to be loaded anew. Here it can: provisioning.store.hsm ends this process and starts another. One JSON text a line,
question and answer; an answer that tells of a fault is the last one. It ends with its standard input.

A key is a P-256 key by its label: private, sensitive, never extractable. What leaves the token is the outcome of
one Diffie-Hellman.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pkcs11
from pkcs11 import KDF, Attribute, KeyType, ObjectClass, exceptions
from pkcs11.util.ec import encode_named_curve_parameters

from provisioning.errors import HsmFault
from provisioning.private_memory import keep_memory_private

_SHARED_BITS: Final = 256
_POINT_BYTES: Final = 65
_FAULTS: Final[tuple[tuple[type[Exception], HsmFault], ...]] = (
    (exceptions.PinIncorrect, HsmFault.PIN),
    (exceptions.PinInvalid, HsmFault.PIN),
    (exceptions.PinLenRange, HsmFault.PIN),
    (exceptions.PinExpired, HsmFault.PIN),
    (exceptions.PinLocked, HsmFault.PIN),
    (exceptions.UserPinNotInitialized, HsmFault.PIN),
    (exceptions.NoSuchToken, HsmFault.TOKEN),
    (exceptions.MultipleTokensReturned, HsmFault.TOKEN),
    (exceptions.TokenNotPresent, HsmFault.TOKEN),
    (exceptions.TokenNotRecognised, HsmFault.TOKEN),
    (exceptions.NoSuchKey, HsmFault.KEY),
    (exceptions.MultipleObjectsReturned, HsmFault.KEY),
)


class _Failed(Exception):
    def __init__(self, fault: HsmFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class _Desk:
    """One session with one token."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def derive(self, kek_id: str, point: str) -> str:
        """The Diffie-Hellman of the key with a point that is known to be on the curve."""
        shared = self._private(kek_id).derive_key(
            KeyType.GENERIC_SECRET,
            _SHARED_BITS,
            mechanism_param=(KDF.NULL, None, bytes.fromhex(point)),
            template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True, Attribute.TOKEN: False},
        )
        value: bytes = shared[Attribute.VALUE]
        shared.destroy()
        return value.hex()

    def has(self, kek_id: str) -> str:
        """Bytes if there is such a private key, of whatever kind."""
        wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: kek_id}
        return "01" if list(self._session.get_objects(wanted)) else ""

    def public(self, kek_id: str) -> str:
        """The key's point."""
        found = self._session.get_key(ObjectClass.PUBLIC_KEY, KeyType.EC, label=kek_id)
        # an octet string of DER around it, which some modules leave out
        point: bytes = found[Attribute.EC_POINT][-_POINT_BYTES:]
        return point.hex()

    def make(self, kek_id: str) -> str:
        """A new key. Its private half can do nothing but derive, and nobody gets it out."""
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = self._session.create_domain_parameters(KeyType.EC, curve, local=True)
        never = {Attribute.EXTRACTABLE: False, Attribute.SIGN: False, Attribute.DECRYPT: False}
        private = never | {Attribute.SENSITIVE: True, Attribute.PRIVATE: True, Attribute.DERIVE: True}
        public = {Attribute.VERIFY: False, Attribute.ENCRYPT: False, Attribute.PRIVATE: False}
        name = kek_id.encode()
        parameters.generate_keypair(
            store=True, label=kek_id, id=name, private_template=private, public_template=public
        )
        return self.public(kek_id)

    def destroy(self, kek_id: str) -> str:
        """Both halves are gone for good."""
        for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
            for found in list(self._session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: kek_id})):
                found.destroy()
        return ""

    def _private(self, kek_id: str) -> Any:
        key = self._session.get_key(ObjectClass.PRIVATE_KEY, KeyType.EC, label=kek_id)
        # one that was put there by other means, and of which there may be copies
        if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
            raise _Failed(HsmFault.KEY)
        return key


def _log_in(module: str, label: str, pin_file: str, may: frozenset[str]) -> _Desk:
    try:
        library = pkcs11.lib(module)
    except exceptions.PKCS11Error:
        raise _Failed(HsmFault.MODULE) from None
    token = library.get_token(token_label=label)
    about = " ".join((library.manufacturer_id, token.manufacturer_id, token.model))
    if "softhsm" in about.lower() and "software" not in may:
        raise _Failed(HsmFault.SOFTWARE)
    try:
        pin = Path(pin_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise _Failed(HsmFault.PIN) from None
    return _Desk(token.open(user_pin=pin, rw="write" in may))


def _answer(stream: Any, ask: Callable[[], str]) -> bool:
    """Whether the answer was no fault."""
    try:
        said = {"said": ask()}
    except Exception as error:  # noqa: BLE001 - whatever a maker's library does is a fault of the module
        said = {"fault": _fault(error)}
    stream.write(json.dumps(said).encode() + b"\n")
    stream.flush()
    return "said" in said


def _fault(error: Exception) -> HsmFault:
    if isinstance(error, _Failed):
        return error.fault
    return next((fault for kind, fault in _FAULTS if isinstance(error, kind)), HsmFault.FAILED)


def main(arguments: list[str]) -> None:
    """Log in, say so, and answer until there is nobody or something is wrong."""
    keep_memory_private()
    module, label, pin_file, *may = arguments
    answers = os.fdopen(os.dup(1), "wb")
    # a library that prints must not speak for us
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    desks: list[_Desk] = []

    def enter() -> str:
        desks.append(_log_in(module, label, pin_file, frozenset(may)))
        return ""

    if not _answer(answers, enter):
        return
    for line in sys.stdin.buffer:
        act, *values = json.loads(line)
        if not _answer(answers, lambda: getattr(desks[0], act)(*values)):  # noqa: B023 - asked at once
            return


if __name__ == "__main__":
    main(sys.argv[1:])
