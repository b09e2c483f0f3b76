"""The plan of a ceremony, a TOML file that is written and agreed on beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioning.errors import SettingsInvalid
from provisioning.rules.strict_table import StrictTable, parse
from provisioning.store.named_keys import ID

FEWEST: Final = 2
"""Custodians, and shares that are needed: nobody has a key alone."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs the minutes."""

    name: str
    signing_key: Path


@dataclass(frozen=True, slots=True)
class Custodian(Person):
    """And keeps a share, on a medium of their own."""

    share: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """Which key, whose `directory`, who is there; `needed` shares are to give the key again."""

    file: str
    kek_id: str
    directory: Path
    place: str
    needed: int
    minutes: Path
    custodians: tuple[Custodian, ...]
    witnesses: tuple[Person, ...]

    @property
    def signers(self) -> tuple[Person, ...]:
        """Everybody, in the order of the minutes."""
        return (*self.custodians, *self.witnesses)


def read_plan(file: Path) -> Plan:
    """Paths are relative to the file's folder. Raises SettingsInvalid."""
    try:
        table = parse(str(file), file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise SettingsInvalid(str(file), "(whole file)", "cannot be read") from None
    people = table.tables("custodian")
    plan = Plan(
        file=str(file),
        kek_id=table.text("kek_id"),
        directory=file.parent / table.text("directory"),
        place=_line(table, "place"),
        needed=table.integer("needed", FEWEST, max(FEWEST, len(people)), FEWEST),
        minutes=file.parent / table.text("minutes"),
        custodians=tuple(_custodian(one, file.parent) for one in people),
        witnesses=tuple(_person(one, file.parent) for one in table.tables("witness")),
    )
    table.finish()
    _check(table, plan)
    return plan


def _custodian(table: StrictTable, folder: Path) -> Custodian:
    custodian = Custodian(_line(table, "name"), folder / table.text("signing_key"), folder / table.text("share"))
    table.finish()
    return custodian


def _person(table: StrictTable, folder: Path) -> Person:
    person = Person(_line(table, "name"), folder / table.text("signing_key"))
    table.finish()
    return person


def _line(table: StrictTable, key: str) -> str:
    text = table.text(key)
    if not text.isprintable():
        table.fail(key, "must be one line")
    return text


def _check(table: StrictTable, plan: Plan) -> None:
    if not ID.fullmatch(plan.kek_id):
        table.fail("kek_id", "may have letters, digits and . _ - only, 32 at most")
    if len(plan.custodians) < FEWEST:
        table.fail("custodian", f"must be {FEWEST} people or more: nobody has a key alone")
    for what, values in (
        ("names", [person.name for person in plan.signers]),
        ("shares", [str(custodian.share) for custodian in plan.custodians]),
        ("signing keys", [str(person.signing_key) for person in plan.signers]),
    ):
        if len(set(values)) != len(values):
            table.fail("custodian", f"has the same twice among the {what}")
