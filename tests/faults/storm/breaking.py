"""How each kind of fault is begun and ended, and when its place works again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from tests.faults.storm.database import PostgresqlDatabase
from tests.faults.storm.house import FOBS, House, kill_process, until
from tests.faults.storm.ledger import Ledger
from tests.faults.storm.lines import LineState
from tests.faults.storm.parts import MAIL_MANNER, UNPLUGGED, UNSYNCHRONISED, MailManner, server_clock
from tests.faults.storm.plan import NATURES, Fault, FaultKind, Place

BACK_S: Final = 600
AHEAD_S: Final = 300

Break = Callable[[House, Fault], AbstractContextManager[None]]


def let_happen(house: House, ledger: Ledger, fault: Fault) -> None:
    """Wait for its moment, begin it, end it, and wait until its place works again."""
    sleep(fault.after_s)
    trouble = ledger.trouble(fault.kind)
    with _BREAKS[fault.kind](house, fault):
        sleep(fault.lasts_s)
    trouble.over_s = monotonic()
    part = _SEEN_AT[NATURES[fault.kind].place]
    until(lambda: _stands(house, part), f"the {part} works after: {fault.kind}")
    trouble.well_s = monotonic()


def _stands(house: House, part: str) -> bool:
    house.supervise()
    return house.works(part)


_SEEN_AT: Final = {
    Place.SERVER: "server",
    Place.WORKER: "worker",
    Place.STATION: "station",
    Place.MAIL: "mail",
    Place.DATABASE: "server",
    Place.STATION_LINE: "station",
    Place.BANK_LINE: "server",
    Place.CLOCK: "server",
    Place.HSM: "server",
    Place.FOB: "station",
}


@contextmanager
def _kill(part: str, house: House, _fault: Fault) -> Iterator[None]:
    house.kill(part)
    yield
    house.start(part)


@contextmanager
def _kill_process(house: House, fault: Fault) -> Iterator[None]:
    forked = house.pids("server")[1:]
    if forked:
        kill_process(forked[fault.which % len(forked)])
    yield


@contextmanager
def _kill_parent(house: House, _fault: Fault) -> Iterator[None]:
    """What it has forked ends by itself: nobody is to share the port with the next server."""
    forked = house.pids("server")[1:]
    house.children["server"].kill()
    yield
    until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in forked), "the orphans end")
    house.start("server")


@contextmanager
def _manner(manner: MailManner, house: House, _fault: Fault) -> Iterator[None]:
    note = house.directory / MAIL_MANNER
    note.write_text(manner)
    yield
    note.write_text(MailManner.TAKES)


@contextmanager
def _lock(house: House, _fault: Fault) -> Iterator[None]:
    with house.database.lock():
        yield


@contextmanager
def _fill(house: House, _fault: Fault) -> Iterator[None]:
    with house.database.fill([*house.pids("server"), *house.pids("worker")]):
        yield


@contextmanager
def _restart(house: House, fault: Fault) -> Iterator[None]:
    _postgresql(house).restart(immediately=bool(fault.which % 2))
    yield


@contextmanager
def _crash(house: House, fault: Fault) -> Iterator[None]:
    _postgresql(house).crash(fault.which)
    yield


@contextmanager
def _cut_connections(house: House, _fault: Fault) -> Iterator[None]:
    _postgresql(house).cut()
    yield


@contextmanager
def _line(name: str, state: LineState, house: House, _fault: Fault) -> Iterator[None]:
    house.lines[name].set(state)
    yield
    house.lines[name].set(LineState.WELL)


@contextmanager
def _take_out_hsm(house: House, fault: Fault) -> Iterator[None]:
    house.hsm.take_out()
    for pid in house.hsm_pids():
        kill_process(pid)
    yield
    house.hsm.put_back()


@contextmanager
def _crash_hsm(house: House, fault: Fault) -> Iterator[None]:
    pids = house.hsm_pids()
    if pids:
        kill_process(pids[fault.which % len(pids)])
    yield


@contextmanager
def _clock_back(house: House, _fault: Fault) -> Iterator[None]:
    clock = server_clock(house.directory)
    clock.advance(-BACK_S)
    yield
    clock.advance(BACK_S)


@contextmanager
def _clock_ahead(house: House, _fault: Fault) -> Iterator[None]:
    """Afterwards the server is started again, as the operators' manual says."""
    clock = server_clock(house.directory)
    clock.advance(AHEAD_S)
    yield
    clock.advance(-AHEAD_S)
    for part in ("server", "worker"):
        house.kill(part)
        house.start(part)


@contextmanager
def _clock_unknown(house: House, _fault: Fault) -> Iterator[None]:
    doubt = house.directory / UNSYNCHRONISED
    doubt.touch()
    yield
    doubt.unlink()


@contextmanager
def _unplug(house: House, fault: Fault) -> Iterator[None]:
    note = house.directory / UNPLUGGED
    note.write_text(FOBS[fault.which % len(FOBS)])
    yield
    with contextlib.suppress(FileNotFoundError):
        note.unlink()


def _postgresql(house: House) -> PostgresqlDatabase:
    assert isinstance(house.database, PostgresqlDatabase)
    return house.database


_BREAKS: Final[dict[FaultKind, Break]] = {
    FaultKind.SERVER_PROCESS_KILLED: _kill_process,
    FaultKind.SERVER_KILLED: partial(_kill, "server"),
    FaultKind.SERVER_PARENT_KILLED: _kill_parent,
    FaultKind.WORKER_KILLED: partial(_kill, "worker"),
    FaultKind.STATION_KILLED: partial(_kill, "station"),
    FaultKind.MAIL_SERVER_KILLED: partial(_kill, "mail"),
    FaultKind.MAIL_DEFERRED: partial(_manner, MailManner.DEFERS),
    FaultKind.MAIL_REFUSED: partial(_manner, MailManner.REFUSES),
    FaultKind.MAIL_HANGS: partial(_manner, MailManner.HANGS),
    FaultKind.MAIL_UNANSWERED: partial(_manner, MailManner.TAKES_AND_LEAVES),
    FaultKind.DATABASE_LOCKED: _lock,
    FaultKind.DATABASE_FULL: _fill,
    FaultKind.DATABASE_RESTARTED: _restart,
    FaultKind.DATABASE_CRASHED: _crash,
    FaultKind.DATABASE_CUT: _cut_connections,
    FaultKind.STATION_LINE_CUT: partial(_line, "station", LineState.CUT),
    FaultKind.STATION_LINE_SLOW: partial(_line, "station", LineState.SLOW),
    FaultKind.BANK_LINE_CUT: partial(_line, "bank", LineState.CUT),
    FaultKind.ANSWERS_LOST: partial(_line, "bank", LineState.LOSES_ANSWERS),
    FaultKind.HSM_AWAY: _take_out_hsm,
    FaultKind.HSM_CRASHED: _crash_hsm,
    FaultKind.CLOCK_BACK: _clock_back,
    FaultKind.CLOCK_AHEAD: _clock_ahead,
    FaultKind.CLOCK_UNKNOWN: _clock_unknown,
    FaultKind.FOB_UNPLUGGED: _unplug,
}
