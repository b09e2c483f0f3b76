"""`kagiya bench import`: a maker's box of fobs with seeds comes into stock, as an operator would have it.

The file is read, every MAC checked, every seed sealed, and all of it written in one transaction. The derivation of
the file's key is in it once; the measured file asks for as many iterations as our own exports.
"""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from provisioning import migrations
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.jobs.import_pskc import ImportPskcCommand, import_pskc, look_into_pskc
from provisioning.pskc.ciphers import Passphrase
from provisioning.pskc.keys import PskcKey
from provisioning.pskc.writer import write_pskc
from provisioning.rules.parameters import OtpParameters
from provisioning.settings_file import load_settings
from tests.bench.databases import available, databases
from tests.bench.people import INSTITUTION
from tests.bench.servers import write_settings
from tests.fixtures.ports import free_port

KEYS: Final = 5_000
_PASSPHRASE: Final = Passphrase("only for measuring")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """One box: seconds to look into it, and to import it."""

    database: str
    keys: int
    file_mib: float
    dry_run_s: float
    import_s: float
    per_second: float


def measure_import(keys: int = KEYS) -> list[ImportResult]:
    """Measure on every database of this machine."""
    otp = OtpParameters()
    made = [
        PskcKey(number, "Maker", f"B{number:07d}", "Card", otp, secrets.token_bytes(otp.seed_bytes))
        for number in range(1, keys + 1)
    ]
    data = write_pskc(made, _PASSPHRASE)
    return [_measure(kind, data, keys) for kind in available()]


def _measure(kind: str, data: bytes, keys: int) -> ImportResult:
    with TemporaryDirectory(prefix="kagiya-bench-") as name, ExitStack() as open_now:
        folder = Path(name)
        folder.chmod(0o755)
        (url,) = open_now.enter_context(databases(kind, folder, "product"))
        settings = load_settings(write_settings(folder / "product", url, port=free_port()), frozenset())
        migrations.upgrade(settings.store.url)
        services = build_services(settings, frozenset())
        open_now.callback(services.store.close)
        branch = services.institution(INSTITUTION).branches[0]
        command = ImportPskcCommand(INSTITUTION, branch, data, _PASSPHRASE, OPERATOR)
        now, begun = datetime.now(UTC), time.perf_counter()
        look_into_pskc(services, command, now)
        looked = time.perf_counter()
        taken = import_pskc(services, command, now).count
        import_s = time.perf_counter() - looked
    if taken != keys:
        raise RuntimeError(f"{taken} of {keys} fobs were imported")
    return ImportResult(
        database=kind,
        keys=keys,
        file_mib=round(len(data) / 2**20, 1),
        dry_run_s=round(looked - begun, 2),
        import_s=round(import_s, 2),
        per_second=round(keys / import_s),
    )
