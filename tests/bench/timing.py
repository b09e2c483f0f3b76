"""`kagiya bench timing`: whether strangers can tell unknown, wrong and used by the time that the answer takes.

In one process with the production's cost of a password, on each database; kinds are taken in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench.databases import available, databases
from tests.fixtures.timing import Prepare, interleaved
from tests.fuzz.server import start
from tests.portal.conftest import MovableClock
from tests.portal.faces import Faces, app_kinds, code_kinds, login_kinds, number_kinds, open_faces

ROUNDS: Final = 500
MOST_FROM_EVEN: Final = 0.1
_FACES: Final[Mapping[str, Callable[[Faces], Mapping[str, Prepare]]]] = {
    "login": login_kinds,
    "code at login": code_kinds,
    "app": app_kinds,
    "staff": number_kinds,
}


@dataclass(frozen=True, slots=True)
class TimingResult:
    """`odds`: how often a time of this kind is the longer of two, beside the first kind of its face; 0.5: even."""

    database: str
    face: str
    kind: str
    median_ms: float
    odds: float


def measure_timing(rounds: int = ROUNDS) -> list[TimingResult]:
    """Each face on every database of this machine."""
    return [row for kind in available() for face in _FACES for row in _measure(kind, face, rounds)]


def _measure(database: str, face: str, rounds: int) -> list[TimingResult]:
    with TemporaryDirectory(prefix="kagiya-bench-") as name, ExitStack() as open_now:
        folder = Path(name)
        folder.chmod(0o755)
        (url,) = open_now.enter_context(databases(database, folder, "timing"))
        services = start(folder, url).services
        open_now.callback(services.store.close)
        compared = interleaved(_FACES[face](open_faces(services, MovableClock())), rounds)
    return [
        TimingResult(database, face, kind, round(one.median_s * 1000, 2), round(one.odds, 3))
        for kind, one in compared.items()
    ]
