"""The WSGI server (granian, chosen by measurement: docs/decisions) and its processes."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from provisioning.cli.signals import end_with_parent
from provisioning.settings import ServerSettings

_KILL_AFTER_S: Final = 10


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate chain and private key (PEM). With `clients`, only who shows a certificate of it gets in."""

    certificate: Path
    key: Path
    clients: Path | None = None

    @classmethod
    def of(cls, settings: ServerSettings) -> Self | None:
        """What the settings name, or None for plain HTTP."""
        if settings.tls_certificate is None or settings.tls_key is None:
            return None
        return cls(settings.tls_certificate, settings.tls_key, settings.tls_clients)


def serve_processes(
    load: Callable[[], Callable[..., Any]],
    bind: tuple[str, int],
    *,
    workers: int,
    threads: int,
    tls: Tls | None = None,
) -> None:
    """Serve until told to stop. `load` runs in every process after the fork and returns its application.

    What is imported before is shared between the processes; connections must be opened by `load`.
    """
    gc.freeze()  # collections in the children leave the shared pages alone
    server = Server(
        "kagiya",
        address=bind[0],
        port=bind[1],
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_AFTER_S,
        log_level=LogLevels.warning,
        log_dictconfig={"handlers": {}, "loggers": {"_granian": {}, "granian.access": {}}},
        ssl_cert=tls.certificate if tls else None,
        ssl_key=tls.key if tls else None,
        ssl_ca=tls.clients if tls else None,
        ssl_client_verify=bool(tls and tls.clients),
    )

    def begin() -> Callable[..., Any]:
        end_with_parent()
        return load()

    server.serve(target_loader=begin, wrap_loader=False)
