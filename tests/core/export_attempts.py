"""Every way by which PKCS#11 could give a private key out, tried: prints those that do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pkcs11
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.exceptions import PKCS11Error


def main(module: str, pin: str, label: str) -> None:
    """`found` first, so that an empty answer is not taken for a refusal."""
    session = pkcs11.lib(module).get_token(token_label="kagiya").open(user_pin=pin, rw=True)
    key: Any = session.get_key(ObjectClass.PRIVATE_KEY, KeyType.EC, label=label)
    wrapping: Any = session.generate_key(KeyType.AES, 256)
    ways: dict[str, Callable[[], object]] = {
        "read": lambda: key[Attribute.VALUE],
        "wrap": lambda: wrapping.wrap_key(key),
        "make extractable": lambda: key.__setitem__(Attribute.EXTRACTABLE, True),
        "make insensitive": lambda: key.__setitem__(Attribute.SENSITIVE, False),
        "copy as extractable": lambda: key.copy({Attribute.EXTRACTABLE: True}),
        "copy as insensitive": lambda: key.copy({Attribute.SENSITIVE: False}),
    }
    assert key[Attribute.NEVER_EXTRACTABLE]
    assert key[Attribute.ALWAYS_SENSITIVE]
    print("found", *(name for name, way in ways.items() if _gives(way)), sep="\n")  # noqa: T201


def _gives(way: Callable[[], object]) -> bool:
    try:
        way()
    except PKCS11Error:
        return False
    return True


if __name__ == "__main__":
    main(*sys.argv[1:])
