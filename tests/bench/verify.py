"""`kagiya bench verify`: codes checked per second through the real server, beside the floor in the same run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from provisioning import migrations
from provisioning.cli.compose import build_services
from provisioning.rules.roles import Role
from provisioning.settings_file import load_settings
from tests.bench import floor as bare
from tests.bench.databases import available, databases
from tests.bench.load import LoadResult, post_json, run_load
from tests.bench.machine import Memory, children, memory_of
from tests.bench.people import Token, enter_bank, enter_people, fresh_codes
from tests.bench.servers import Server, floor, product, write_settings
from tests.fixtures.ports import free_port

CONNECTIONS: Final = 8
ROUNDS: Final = 3
ROUND_S: Final = 5.0
TOKENS_A_ROUND: Final = 5000
WARM_UP_S: Final = 1.0
LEAST_OF_FLOOR: Final = 0.6
MOST_MIB: Final = 160
MOST_READY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians over the rounds."""

    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """One database's numbers. `of_floor` is the ratio of requests per second."""

    database: str
    verify: Speed
    floor: Speed
    of_floor: float
    workers: Memory
    ready_s: float


def measure_verify() -> list[VerifyResult]:
    """Measure on every database of this machine. Raises RuntimeError if a good code was not accepted."""
    return [_measure(kind) for kind in available()]


def _measure(kind: str) -> VerifyResult:
    with TemporaryDirectory(prefix="kagiya-bench-") as name, ExitStack() as open_now:
        folder = Path(name)
        folder.chmod(0o755)
        url, floor_url = open_now.enter_context(databases(kind, folder, "product", "floor"))
        settings_file = write_settings(folder / "product", url)
        key, tokens = _people(settings_file)
        bare.prepare(floor_url)
        server = open_now.enter_context(product(settings_file, "bank,verifier", free_port()))
        beside = open_now.enter_context(floor(floor_url, folder / "floor.log"))
        return _rounds(kind, server, beside, key, tokens)


def _people(settings_file: Path) -> tuple[str, list[Token]]:
    roles = {Role.BANK, Role.VERIFIER}
    settings = load_settings(settings_file, roles)
    migrations.upgrade(settings.store.url)
    services = build_services(settings, roles)
    try:
        return enter_bank(services), enter_people(services, (ROUNDS + 1) * TOKENS_A_ROUND)
    finally:
        services.store.close()


def _rounds(kind: str, server: Server, beside: Server, key: str, tokens: list[Token]) -> VerifyResult:
    """Floor and product in turn, so that whatever else this machine does meets both."""
    steps = iter(range(1, 10**9))
    products: list[LoadResult] = []
    floors: list[LoadResult] = []
    memory = Memory(0, 0)
    for number in range(ROUNDS + 1):
        seconds = ROUND_S if number else WARM_UP_S
        lowest = _accepted(
            run_load(beside.port, floor_requests(steps), is_accepted, connections=CONNECTIONS, seconds=seconds)
        )
        mine = tokens[number * TOKENS_A_ROUND : (number + 1) * TOKENS_A_ROUND]
        ours = _accepted(
            run_load(server.port, _requests(key, mine), is_accepted, connections=CONNECTIONS, seconds=seconds)
        )
        if number:
            floors.append(lowest)
            products.append(ours)
            memory = memory_of(children(server.pid))
    speed, lowest_speed = _speed(products), _speed(floors)
    ratio = round(speed.per_second / lowest_speed.per_second, 2)
    return VerifyResult(kind, speed, lowest_speed, ratio, memory, round(server.ready_s, 2))


def _requests(key: str, tokens: list[Token]) -> Iterator[bytes]:
    for token, code in fresh_codes(tokens):
        body = json.dumps({"service_id": "10112235", "user_id": token.user_id, "otp": code}).encode()
        yield post_json("/api/v1/verify", body, f"Authorization: Bearer {key}")


def floor_requests(steps: Iterator[int]) -> Iterator[bytes]:
    """Endless posts to the floor, each good for one change."""
    for step in steps:
        yield post_json("/floor", b'{"row": %d, "step": %d}' % (step % bare.ROWS, step))


def is_accepted(answer: bytes) -> bool:
    """The product's answer, and the floor's, to what was written."""
    return answer.startswith(b"HTTP/1.1 200") and b'"accepted"' in answer


def _accepted(result: LoadResult) -> LoadResult:
    if result.unwanted:
        raise RuntimeError(f"{result.unwanted} requests were not accepted; the first: {result.first_unwanted!r}")
    return result


def _speed(results: list[LoadResult]) -> Speed:
    return Speed(
        per_second=round(median(result.per_second for result in results), 1),
        p50_ms=round(median(result.percentile_ms(50) for result in results), 2),
        p95_ms=round(median(result.percentile_ms(95) for result in results), 2),
        p99_ms=round(median(result.percentile_ms(99) for result in results), 2),
    )
