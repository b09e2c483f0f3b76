"""Look at what was entered for a soft token before anybody confirms it (BOT001): every fault at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioning.errors import BadInput, InputFault
from provisioning.mail.addresses import accept_address
from provisioning.rules.activation_password import read_activation_password
from provisioning.services import Services


@dataclass(frozen=True, slots=True)
class SoftEntry:
    """Both pairs as typed, for the user `user_id` of the institution."""

    institution_id: str
    user_id: str
    mail_address: str = field(repr=False)
    mail_address_again: str = field(repr=False)
    activation_password: str = field(repr=False)
    activation_password_again: str = field(repr=False)


def check_soft_entry(services: Services, entry: SoftEntry) -> tuple[BadInput, ...]:
    """What is wrong, at most one fault of each pair; empty if the entry can be issued."""
    return (*check_mail_pair(services, entry), *check_password_pair(services, entry))


def check_mail_pair(services: Services, entry: SoftEntry) -> tuple[BadInput, ...]:
    """What is wrong with the address, or with its repetition."""
    dotted = services.institution(entry.institution_id).dotted_carrier_domains
    try:
        address = accept_address(entry.mail_address, dotted)
    except BadInput as fault:
        return (fault,)
    try:
        again = accept_address(entry.mail_address_again, dotted, "mail_address_again")
    except BadInput:
        again = ""
    return () if address == again else (BadInput("mail_address_again", InputFault.DO_NOT_MATCH),)


def check_password_pair(services: Services, entry: SoftEntry) -> tuple[BadInput, ...]:
    """What is wrong with the activation password, or with its repetition (R16)."""
    ids = (services.institution(entry.institution_id).service_id, entry.user_id)
    try:
        read_activation_password(entry.activation_password, entry.activation_password_again, ids)
    except BadInput as fault:
        return (fault,)
    return ()
