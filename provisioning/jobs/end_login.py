"""A customer's login at the bank's own pages is over: what was sent by mail in it counts no more (manual 002)."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.mail_codes import forget_codes_of_login


@dataclass(frozen=True, slots=True)
class EndLoginCommand:
    """`login` as it was named when a password was asked for."""

    institution_id: str
    customer_id: str
    login: str


@retried
def end_login(services: Services, command: EndLoginCommand) -> None:
    """Whatever was asked for in it is over; nothing happens where nothing was."""
    with services.store.write() as tx:
        forget_codes_of_login(tx, command.login)
