"""Events for the bank's host (R41)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.store.queries.host_events import HostEventView, host_events
from web import current
from web.api.bank.acts.answers import Answer, known
from web.api.bank.calls import Call
from web.api.bank.once import Act


def _events(call: Call) -> Answer:
    after = call.fields.get("after", "0")
    if not (after.isascii() and after.isdigit()):
        raise BadInput("after", InputFault.NOT_DIGITS)
    found = host_events(current.services().store, call.institution.id, int(after))
    return {"events": [_event(event) for event in found]}


def _event(event: HostEventView) -> Answer:
    return known(
        number=event.number,
        at=event.at,
        user_id=event.user_id,
        credential_id=event.credential_id,
        ended_how=event.ended_how.value,
        limit_cap_yen=event.limit_cap_yen,
        limit_from_yen=event.limit_from_yen,
    )


ACTS: Final[Mapping[str, Act]] = {"events": _events}
