"""What is done and what is broken, drawn from a seed before anything starts: the same seed gives the same plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random  # noqa: TID251 - no secret, and a seed names the whole run
from typing import Final

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
BOTH: Final = frozenset({SQLITE, POSTGRESQL})


class Place(StrEnum):
    """Where something breaks; of one place there is one fault at a time."""

    SERVER = "server"
    WORKER = "worker"
    STATION = "station"
    MAIL = "mail"
    DATABASE = "database"
    STATION_LINE = "station line"
    BANK_LINE = "bank line"
    CLOCK = "clock"
    HSM = "HSM"
    FOB = "fob"


class FaultKind(StrEnum):
    """What breaks."""

    SERVER_PROCESS_KILLED = "one process of the server killed"
    SERVER_KILLED = "the whole server killed"
    SERVER_PARENT_KILLED = "the server's parent process killed alone"
    WORKER_KILLED = "the worker killed"
    STATION_KILLED = "the station's agent killed"
    MAIL_SERVER_KILLED = "the mail server killed"
    MAIL_DEFERRED = "the mail server defers (4xx)"
    MAIL_REFUSED = "the mail server refuses (5xx)"
    MAIL_HANGS = "the mail server hangs"
    MAIL_UNANSWERED = "the mail server takes mails and does not answer"
    DATABASE_LOCKED = "the database locked"
    DATABASE_FULL = "the database's disk full"
    DATABASE_RESTARTED = "the database restarted"
    DATABASE_CRASHED = "a process of the database killed"
    DATABASE_CUT = "every connection to the database cut"
    STATION_LINE_CUT = "the line to the station cut"
    STATION_LINE_SLOW = "the line to the station slow"
    BANK_LINE_CUT = "the line to the bank cut"
    ANSWERS_LOST = "answers to the bank lost"
    HSM_AWAY = "the HSM taken out"
    HSM_CRASHED = "the HSM's process killed"
    CLOCK_BACK = "the server's clock stepped back"
    CLOCK_AHEAD = "the server's clock stepped ahead"
    CLOCK_UNKNOWN = "the server's clock follows no time source"
    FOB_UNPLUGGED = "a fob unplugged"


@dataclass(frozen=True, slots=True)
class Nature:
    """Where a kind breaks, on which databases, and for how long at least and at most."""

    place: Place
    shortest_s: float
    longest_s: float
    databases: frozenset[str] = BOTH


_ON_POSTGRESQL: Final = frozenset({POSTGRESQL})
NATURES: Final = {
    FaultKind.SERVER_PROCESS_KILLED: Nature(Place.SERVER, 0.0, 0.0),
    FaultKind.SERVER_KILLED: Nature(Place.SERVER, 0.0, 0.3),
    FaultKind.SERVER_PARENT_KILLED: Nature(Place.SERVER, 0.0, 0.3),
    FaultKind.WORKER_KILLED: Nature(Place.WORKER, 0.0, 0.3),
    FaultKind.STATION_KILLED: Nature(Place.STATION, 0.0, 0.3),
    FaultKind.MAIL_SERVER_KILLED: Nature(Place.MAIL, 0.1, 0.8),
    FaultKind.MAIL_DEFERRED: Nature(Place.MAIL, 0.3, 1.0),
    FaultKind.MAIL_REFUSED: Nature(Place.MAIL, 0.1, 0.5),
    FaultKind.MAIL_HANGS: Nature(Place.MAIL, 0.3, 1.0),
    FaultKind.MAIL_UNANSWERED: Nature(Place.MAIL, 0.3, 1.0),
    # shorter and longer than anybody waits for a lock here
    FaultKind.DATABASE_LOCKED: Nature(Place.DATABASE, 0.2, 0.9),
    FaultKind.DATABASE_FULL: Nature(Place.DATABASE, 0.2, 0.6),
    FaultKind.DATABASE_RESTARTED: Nature(Place.DATABASE, 0.0, 0.0, _ON_POSTGRESQL),
    FaultKind.DATABASE_CRASHED: Nature(Place.DATABASE, 0.0, 0.0, _ON_POSTGRESQL),
    FaultKind.DATABASE_CUT: Nature(Place.DATABASE, 0.0, 0.0, _ON_POSTGRESQL),
    FaultKind.STATION_LINE_CUT: Nature(Place.STATION_LINE, 0.1, 0.6),
    FaultKind.STATION_LINE_SLOW: Nature(Place.STATION_LINE, 0.2, 0.8),
    FaultKind.BANK_LINE_CUT: Nature(Place.BANK_LINE, 0.05, 0.3),
    FaultKind.ANSWERS_LOST: Nature(Place.BANK_LINE, 0.1, 0.5),
    FaultKind.HSM_AWAY: Nature(Place.HSM, 0.1, 0.6),
    FaultKind.HSM_CRASHED: Nature(Place.HSM, 0.0, 0.0),
    FaultKind.CLOCK_BACK: Nature(Place.CLOCK, 0.1, 0.5),
    FaultKind.CLOCK_AHEAD: Nature(Place.CLOCK, 0.1, 0.5),
    FaultKind.CLOCK_UNKNOWN: Nature(Place.CLOCK, 0.1, 0.5),
    FaultKind.FOB_UNPLUGGED: Nature(Place.FOB, 0.1, 0.6),
}


class Intent(StrEnum):
    """What a customer is about; what exactly it comes to depends on where the token stands."""

    GO_ON = "the next step towards a token in use, then a login"
    LOG_IN = "a login"
    MISTYPE = "a wrong code"
    REPEAT = "a code that was used before"
    OLD_TOKEN = "a code of a token that ended"
    GUESS = "wrong codes until the token is suspended"
    LIFT = "a suspension lifted"
    END = "the token released"
    LOSE = "the token lost or revoked"


WEIGHTS: Final = {
    Intent.GO_ON: 50,
    Intent.LOG_IN: 10,
    Intent.MISTYPE: 8,
    Intent.REPEAT: 14,
    Intent.OLD_TOKEN: 6,
    Intent.GUESS: 2,
    Intent.LIFT: 4,
    Intent.END: 4,
    Intent.LOSE: 2,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` begins so long after its round and lasts so long; `which` chooses among equals."""

    kind: FaultKind
    after_s: float
    lasts_s: float
    which: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A customer's, so long after the beginning of its round: one thing after the other."""

    customer: int
    intents: tuple[Intent, ...]
    after_s: float


@dataclass(frozen=True, slots=True)
class Round:
    """Some customers' turns at once, and what breaks meanwhile. `minute_passes`: before, while all is well."""

    minute_passes: bool
    turns: tuple[Turn, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    seed: int
    database: str
    rounds: tuple[Round, ...]

    @property
    def faults(self) -> list[Fault]:
        """All of them."""
        return [fault for one in self.rounds for fault in one.faults]


CUSTOMERS: Final = 10
AT_ONCE: Final = 8
_MOST_INTENTS: Final = 3
_WITHIN_S: Final = 0.5
_LATEST_S: Final = 0.25
_ROUNDS_A_MINUTE: Final = 4
_QUIET_ROUNDS: Final = 4
"""At the beginning, so that there are tokens to break something for."""


def make_plan(seed: int, faults: int, database: str) -> Plan:
    """A plan with so many faults, each kind about as often."""
    draw = Random(f"{seed} {database}")
    kinds = _bag(draw, database)
    rounds = [_round(draw, number, ()) for number in range(_QUIET_ROUNDS)]
    left, waiting = faults, [next(kinds) for _ in range(len(Place))]
    while left:
        chosen: dict[Place, FaultKind] = {}
        for _ in range(min(left, draw.choice((1, 2, 2, 3, 3)))):
            kind = next((kind for kind in waiting if NATURES[kind].place not in chosen), None)
            if kind is None:
                break
            waiting.remove(kind)
            waiting.append(next(kinds))
            chosen[NATURES[kind].place] = kind
        left -= len(chosen)
        rounds.append(_round(draw, len(rounds), tuple(_fault(draw, kind) for kind in chosen.values())))
    return Plan(seed, database, tuple(rounds))


def _bag(draw: Random, database: str) -> Iterator[FaultKind]:
    """Every kind of this database in a chance order, again and again."""
    kinds = [kind for kind, nature in NATURES.items() if database in nature.databases]
    while True:
        draw.shuffle(kinds)
        yield from kinds


def _fault(draw: Random, kind: FaultKind) -> Fault:
    nature = NATURES[kind]
    after_s, lasts_s = draw.uniform(0, _LATEST_S), draw.uniform(nature.shortest_s, nature.longest_s)
    return Fault(kind, round(after_s, 3), round(lasts_s, 3), draw.randrange(1000))


def _round(draw: Random, number: int, faults: tuple[Fault, ...]) -> Round:
    if number < _QUIET_ROUNDS:
        turns = [Turn(one, (Intent.GO_ON,), 0) for one in range(CUSTOMERS)]
    else:
        turns = [_turn(draw, one) for one in draw.sample(range(CUSTOMERS), AT_ONCE)]
    return Round(number % _ROUNDS_A_MINUTE == 0, tuple(turns), faults)


def _turn(draw: Random, customer: int) -> Turn:
    intents = draw.choices(list(WEIGHTS), list(WEIGHTS.values()), k=draw.randint(1, _MOST_INTENTS))
    return Turn(customer, tuple(intents), round(draw.uniform(0, _WITHIN_S), 3))
