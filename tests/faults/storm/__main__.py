"""`make faults`: a storm on each database, figures on standard output, exit code 1 where a rule does not hold."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.faults.nursery import Nursery
from tests.faults.storm.books import violations
from tests.faults.storm.books.evidence import gather
from tests.faults.storm.database import Database, PostgresqlDatabase, SqliteDatabase
from tests.faults.storm.plan import POSTGRESQL, SQLITE, make_plan
from tests.faults.storm.report import report
from tests.faults.storm.run import storm

_FAULTS: Final = 500


def main() -> int:
    """Let them rage, one after the other."""
    parser = argparse.ArgumentParser(prog="tests.faults.storm")
    parser.add_argument("--faults", type=int, default=_FAULTS, help="on each database")
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run, to have the same again")
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL), action="append", help="both if not given")
    options = parser.parse_args()
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    _say(f"seed {seed}")
    held = [_held(name, seed, options.faults) for name in options.database or (SQLITE, POSTGRESQL)]
    return 0 if all(held) else 1


def _held(name: str, seed: int, faults: int) -> bool:
    """Whether every rule held. Where one did not, or the storm did not come to its end, its directory stays."""
    plan, nursery = make_plan(seed, faults, name), Nursery()
    directory = Path(tempfile.mkdtemp(prefix="kagiya-storm-"))
    _say(f"{name}, in {directory}")
    database: Database = SqliteDatabase(directory) if name == SQLITE else PostgresqlDatabase()
    try:
        with storm(plan, directory, database, nursery) as over:
            for line in report(over):
                _say(line)
            found = violations(gather(over.house.services, directory, over.ledger))
    finally:
        nursery.close()
    for rule, said in found.items():
        _say(f"DOES NOT HOLD: {rule}")
        for fault in said:
            _say(f"  {fault}")
    if not found:
        shutil.rmtree(directory)
    return not found


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
