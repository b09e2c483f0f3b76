"""Where the secrets of activation tickets are locked, in the roles that have the key to it."""

from __future__ import annotations

from provisioning.errors import VaultError
from provisioning.rules.app_proof import SALT_BYTES, listed
from provisioning.services import Services
from provisioning.store.address_box import AddressBox
from provisioning.store.boxes import Box


def ticket_box(services: Services) -> Box:
    """The box of the tickets. Raises VaultError in a role that must not have it."""
    if services.tickets is None:
        raise VaultError
    return services.tickets


def address_box(services: Services) -> AddressBox:
    """The box of the mail addresses. Raises VaultError in a role that must not have it."""
    if services.addresses is None:
        raise VaultError
    return services.addresses


def app_salt(box: Box, service_id: str, user_id: str) -> bytes:
    """The PBKDF2 salt of these IDs, 16 bytes: the same whether there is such a user, a ticket, or neither.

    A salt drawn for each ticket would tell anyone who keeps asking when a ticket was issued, and so for
    whom five wrong proofs are worth sending.
    """
    return box.hash(listed(("app salt", service_id, user_id)))[:SALT_BYTES]


def asked_address(box: Box, address: str) -> str:
    """What an approval tells one mail address from another by.

    It lasts hours, and nothing is found by it later: it is not under the key of stored addresses, so that
    exchanging that one ends no approval.
    """
    return box.hash(listed(("asked address", address.lower()))).hex()


def password_key_context(ticket_id: str) -> str:
    """What a sealed password key is bound to."""
    return f"password key {ticket_id}"


def answer_context(ticket_id: str) -> str:
    """What a kept answer is bound to."""
    return f"answer {ticket_id}"
