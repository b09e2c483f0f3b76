"""The app asks what it needs for its proof; everybody gets an answer of the same kind (R23)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from provisioning.jobs.app_nonce import make_nonce
from provisioning.jobs.ticket_box import app_salt, ticket_box
from provisioning.rules.identifiers import lookup_name, read_service_id
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, Ticket, TicketState


@dataclass(frozen=True, slots=True)
class AppBeginCommand:
    """The IDs as typed into the app."""

    service_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class AppBegun:
    """Salt (16 bytes), PBKDF2 iterations, a nonce good for five minutes; what the service asks of the owner
    beside the activation password: a set-up code (R20), consent to the app's terms.
    """

    salt: bytes
    iterations: int
    nonce: str
    needs_setup_code: bool
    needs_consent: bool


def app_begin(services: Services, command: AppBeginCommand, now: datetime) -> AppBegun:
    """What the app needs for its proof, alike for IDs that nobody has. Raises BadInput."""
    service_id = read_service_id(command.service_id)
    user_id = lookup_name(command.user_id, "user_id")
    box = ticket_box(services)
    with services.store.read() as session:
        ticket = session.execute(_ticket(services, service_id, user_id, now)).first()
    salt = ticket.salt if ticket else app_salt(box, service_id, user_id)
    iterations = ticket.iterations if ticket else services.settings.app.pbkdf2_iterations
    nonce = make_nonce(box, service_id, user_id, now)
    # by the service alone, so that it tells nothing of a user; a service that nobody has asks for nothing
    asking = [one for one in services.institutions.values() if one.service_id == service_id]
    return AppBegun(
        salt,
        iterations,
        nonce,
        needs_setup_code=any(one.needs_setup_code for one in asking),
        needs_consent=any(one.app.consent for one in asking),
    )


def _ticket(services: Services, service_id: str, user_id: str, now: datetime) -> Select[bytes, int]:
    """By what the password key of the customer's ticket was derived: settings may have changed since.

    Only while the ticket can still be answered, a day at most: afterwards an answer that differs from a
    stranger's would be of no use to the app and tell everybody that there is such a user.
    """
    institutions = [one.id for one in services.institutions.values() if one.service_id == service_id]
    return (
        select(Ticket.salt, Ticket.iterations)
        .join(Credential, Credential.id == Ticket.credential_id)
        .join(Customer, Customer.id == Credential.customer_id)
        .where(Customer.institution_id.in_(institutions), Customer.user_id == user_id)
        .where(Ticket.state.in_((TicketState.OPEN, TicketState.SPENT)), Ticket.expires_at > now)
        .where(Credential.state.in_((CredentialState.ISSUED, CredentialState.SET_UP)))
    )
