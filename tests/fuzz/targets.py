"""The parsers of foreign bytes, as data. None may let anything out but what it promises to raise."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import thread_time
from typing import Final

MOST_CPU_S: Final = 3.0
"""For one input, instrumented, and however busy the machine is with others."""


@dataclass(frozen=True, slots=True)
class Target:
    """`build` (a function in `module`) makes what runs one input; coverage is taken of the packages `of`.

    `variants`: so many altered inputs belong to the short run.
    """

    name: str
    module: str
    of: tuple[str, ...]
    variants: int = 300
    longest: int = 4096

    def prepare(self, folder: Path) -> Callable[[bytes], None]:
        """What runs one input within its time; `folder` is empty and its own."""
        build: Callable[[Path], Callable[[bytes], None]] = getattr(importlib.import_module(self.module), self.name)
        run = build(folder)

        def within_its_time(data: bytes) -> None:
            began = thread_time()
            run(data)
            took = thread_time() - began
            assert took < MOST_CPU_S, f"{took:.1f} s for {len(data)} bytes"

        return within_its_time


_DRIVERS: Final = "tests.fuzz.drivers"
_FILES: Final = "tests.fuzz.files"
_SERVER: Final = "tests.fuzz.server"
_PEERS: Final = "tests.fuzz.peers"
_DEVICES: Final = ("devices",)

TARGETS: Final[tuple[Target, ...]] = (
    Target("reports", _DRIVERS, _DEVICES),
    Target("frames", _DRIVERS, _DEVICES),
    Target("card_messages", _DRIVERS, _DEVICES),
    Target("kagiya_fob", _DRIVERS, _DEVICES, variants=60),
    Target("molto2", _DRIVERS, _DEVICES, variants=60),
    Target("ykoath", _DRIVERS, _DEVICES, variants=150),
    Target("yubikey_otp", _DRIVERS, _DEVICES, variants=100),
    Target("nitrokey_pro", _DRIVERS, _DEVICES, variants=60),
    Target("onlykey", _DRIVERS, _DEVICES, variants=150),
    Target("flipper_totp", _DRIVERS, _DEVICES, variants=100),
    Target("pskc", _FILES, ("provisioning.pskc",), longest=16_384),
    Target("firmware_profile", _FILES, ("devices", "tomllib")),
    Target("institution", _FILES, ("provisioning.institutions", "provisioning.rules", "tomllib"), longest=8192),
    Target("returned_mail", _FILES, ("provisioning.mail", "email"), longest=8192),
    Target("station_message", _FILES, _DEVICES),
    Target("checkpoint", _FILES, ("provisioning.rules", "provisioning.store.checkpoints")),
    Target("audit_archive", _FILES, ("provisioning.store", "provisioning.jobs", "provisioning.rules")),
    Target("passkey", _PEERS, ("provisioning.jobs", "webauthn", "cbor2"), longest=8192),
    Target("verifier_message", _PEERS, ("provisioning.verifier",)),
    Target("role_token", _PEERS, ("provisioning.verifier",)),
    Target("approval_payload", _PEERS, ("provisioning.rules",)),
    Target("key_share", _FILES, ("provisioning.rules",)),
    Target("app_api", _SERVER, ("web.api", "provisioning.jobs", "provisioning.rules"), variants=60),
    Target("station_api", _SERVER, ("web.api", "devices", "provisioning.jobs"), variants=60),
    Target("bank_api", _SERVER, ("web.api", "provisioning.jobs", "provisioning.rules"), variants=100),
)
