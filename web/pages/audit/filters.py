"""What an auditor asks for, as the form has it, and as a filter of entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.rules.actor import ActorKind
from provisioning.rules.timetable import day_ends
from provisioning.store.queries.audit_search import EntryFilter, EntryKey, customer_named, fob_named
from web import current, dates

FIELDS: Final = ("who", "act", "customer", "fob", "first_day", "last_day", "whole")
"""Names of the form's fields; `whole`: what tells of the whole bank's system, and of no institution."""
_MOST: Final = 100
_KIND: Final = "kind"
_LAST_NUMBER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Asked:
    """`typed`: what was filled in. `wanted` is None where something of it names nothing; `faults` says what."""

    typed: Mapping[str, str]
    wanted: EntryFilter | None
    faults: tuple[tuple[str, str], ...] = field(default=())


def read_asked(source: Mapping[str, str], institution_id: str) -> Asked:
    """The filter in a query or a form."""
    typed = {name: source.get(name, "").strip()[:_MOST] for name in FIELDS}
    typed = {name: value for name, value in typed.items() if value}
    wanted = EntryFilter(None if "whole" in typed else institution_id, act=typed.get("act"))
    faults = []
    for part in (_who, _about, _days):
        try:
            wanted = part(wanted, typed, institution_id)
        except BadInput as refused:
            faults.append((refused.field, refused.fault.value))
        except OverflowError:  # a day at the end of all calendars
            faults.append(("last_day", InputFault.BAD_FORM.value))
    return Asked(typed, None if faults else wanted, tuple(faults))


def key_text(key: EntryKey) -> str:
    """Where the next page begins, as its link has it."""
    return f"{(key.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)}-{key.number}"


def read_key(text: str) -> EntryKey | None:
    """The reverse; None for anything else."""
    at, dash, number = text.partition("-")
    if not dash or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (at, number)):
        return None
    try:
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(at))
    except OverflowError:
        return None
    return EntryKey(instant, min(int(number), _LAST_NUMBER))


def _who(wanted: EntryFilter, typed: Mapping[str, str], _institution_id: str) -> EntryFilter:
    """`kind:bank` for every system of the bank, or `staff:`, `station:`, `bank:` and a row's id."""
    what, _, value = typed.get("who", "").partition(":")
    if what == _KIND and value in set(ActorKind):
        return replace(wanted, actor_kind=ActorKind(value))
    if what in set(ActorKind) and value:
        return replace(wanted, actor_kind=ActorKind(what), actor_id=value)
    if what:
        raise BadInput("who", InputFault.NOT_OFFERED)
    return wanted


def _about(wanted: EntryFilter, typed: Mapping[str, str], institution_id: str) -> EntryFilter:
    store = current.services().store
    if "customer" in typed and "fob" in typed:
        raise BadInput("fob", InputFault.DO_NOT_MATCH)
    if "customer" in typed:
        customer_id = customer_named(store, institution_id, typed["customer"])
        if customer_id is None:
            raise BadInput("customer", InputFault.NOT_OFFERED)
        wanted = replace(wanted, customer_id=customer_id)
    if "fob" in typed:
        fob_id = fob_named(store, institution_id, typed["fob"])
        if fob_id is None:
            raise BadInput("fob", InputFault.NOT_OFFERED)
        wanted = replace(wanted, fob_id=fob_id)
    return wanted


def _days(wanted: EntryFilter, typed: Mapping[str, str], _institution_id: str) -> EntryFilter:
    """Days in Japan, both included."""
    first = dates.typed_day(typed.get("first_day", ""), "first_day")
    last = dates.typed_day(typed.get("last_day", ""), "last_day")
    if first is not None:
        wanted = replace(wanted, since=day_ends(first - timedelta(days=1)))
    if last is not None:
        wanted = replace(wanted, until=day_ends(last))
    return wanted
