"""Whom a page of the console shows: recorded before it is shown, in the same request (R64, R66).

Whatever a template is given may stand on the page, so everything that names a customer counts as shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from flask import current_app
from jinja2 import nodes

from provisioning.jobs.record_view import RecordViewCommand, record_view
from provisioning.rules.permissions import StaffAct
from provisioning.store.queries.customers import CustomerCard
from provisioning.store.queries.search import CustomerFound
from web import current
from web.screens import Screen

if TYPE_CHECKING:
    from web.pages.staff.desk import Desk

AGAIN: Final = timedelta(minutes=1)
"""Who loads a page anew within this time and sees nobody new on it has seen it once."""
GOING_ON: Final = timedelta(minutes=15)
"""The same for a part of a page that is fetched anew by itself as long as the page is open."""
_BY_ID: Final = (CustomerCard, CustomerFound)


def record_shown(desk: Desk, screen: Screen, values: Mapping[str, Any], once_within: timedelta = AGAIN) -> None:
    """One entry for what `values` show on `screen`. Raises StoreUnavailable: then nothing may be shown."""
    if not desk.may(StaffAct.SEE_CUSTOMERS):
        return  # the pages of these roles name no customer
    shown = tuple(dict.fromkeys(persons_in(values)))
    command = RecordViewCommand(desk.actor, desk.institution.id, screen.value, shown, once_within)
    record_view(current.services(), command, current.now())


def persons_in(value: Any) -> Iterator[str]:
    """Row ids of the customers that `value` names, anywhere in it."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from persons_in(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from persons_in(one)
    elif is_dataclass(value) and not isinstance(value, type):
        own = getattr(value, "id" if isinstance(value, _BY_ID) else "customer_id", None)
        if own is not None:
            yield own
        for name in _parts(type(value)):
            yield from persons_in(getattr(value, name))


@cache
def _parts(kind: type) -> tuple[str, ...]:
    """Fields that may hold something else than a text."""
    return tuple(field.name for field in fields(kind) if not str(field.type).startswith(_PLAIN))


_PLAIN: Final = ("str", "int", "bool", "float", "datetime", "timedelta", "date")


@cache
def screen_of(template: str) -> Screen:
    """What `{% set screen = screens.X %}` says in it."""
    environment = current_app.jinja_env
    loader = environment.loader
    source = loader.get_source(environment, template)[0] if loader else ""
    for assign in environment.parse(source).find_all(nodes.Assign):
        target, value = assign.target, assign.node
        if isinstance(target, nodes.Name) and target.name == "screen" and isinstance(value, nodes.Getattr):
            return Screen[value.attr]
    raise LookupError(template)
