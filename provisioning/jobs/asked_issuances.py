"""Issuances that may need a second person: one fob, a batch of them, a soft token (R56)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.jobs.asked import Asked, issuance_facts
from provisioning.jobs.ticket_box import asked_address, ticket_box
from provisioning.mail.addresses import accept_address
from provisioning.rules.approval import AskedJob
from provisioning.services import Services
from provisioning.store.own_rows import own_row
from provisioning.store.queries.mails import masked
from provisioning.store.tables import Application, Customer, Fob, Station

if TYPE_CHECKING:
    from provisioning.jobs.issue_soft import IssueSoftCommand
    from provisioning.jobs.open_batch import OpenBatchCommand
    from provisioning.jobs.reserve_fob import ReserveFobCommand


def one_fob(tx: Session, services: Services, command: ReserveFobCommand) -> Asked:
    """Raises NotFound."""
    customer = own_row(tx, Customer, command.customer_id, command.institution_id)
    fob = own_row(tx, Fob, command.fob_id, command.institution_id)
    station = tx.get(Station, command.station_id) if command.station_id else None
    application = tx.get(Application, command.application_id) if command.application_id else None
    return Asked(
        AskedJob.RESERVE_FOB,
        f"issuance {customer.id}",
        customer.branch,
        {
            "customer_id": customer.id,
            "fob_id": fob.id,
            "station_id": command.station_id,
            "application_id": command.application_id,
            "hand_over_on_proof": command.hand_over_on_proof,
        },
        issuance_facts(tx, customer)
        | {
            "serial": fob.serial,
            "model": fob.model,
            "station": station.name if station else "",
            "application": application.number if application else "",
        },
        customer.id,
    )


def batch_of_fobs(tx: Session, services: Services, command: OpenBatchCommand) -> Asked:
    """Everybody on the list, in its order. Raises NotFound."""
    station = own_row(tx, Station, command.station_id, command.institution_id)
    wanted = list(dict.fromkeys(command.customer_ids))
    here = (Customer.institution_id == command.institution_id, Customer.id.in_(wanted))
    found = {customer.id: customer for customer in tx.scalars(select(Customer).where(*here))}
    if len(found) != len(wanted):
        raise NotFound("customer")
    return Asked(
        AskedJob.OPEN_BATCH,
        f"batch {station.id}",
        station.branch,
        {"station_id": station.id, "customer_ids": wanted, "at_once": command.at_once},
        {"station": station.name, "customers": [issuance_facts(tx, found[one]) for one in wanted]},
    )


def soft_token(tx: Session, services: Services, command: IssueSoftCommand) -> Asked:
    """The address is told masked and by its keyed hash; the activation password is the customer's alone.

    Raises NotFound, BadInput for an address that cannot be used.
    """
    customer = own_row(tx, Customer, command.customer_id, command.institution_id)
    dotted = services.institution(command.institution_id).dotted_carrier_domains
    address = accept_address(command.mail_address, dotted)
    told = {"address": masked(address), "address_hash": asked_address(ticket_box(services), address)}
    return Asked(
        AskedJob.ISSUE_SOFT,
        f"issuance {customer.id}",
        customer.branch,
        {"customer_id": customer.id, "language": command.language},
        issuance_facts(tx, customer) | told,
        customer.id,
    )
