"""Look at what was entered for a soft token before anybody confirms it (BOT001): every fault at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from provisioning.errors import BadInput
from provisioning.mail.addresses import accept_address, accept_pair
from provisioning.rules.activation_password import read_activation_password
from provisioning.rules.institution import Institution
from provisioning.services import Services

_MAIL: Final = ("mail_address", "mail_address_again")
_PASSWORD: Final = ("activation_password", "activation_password_again")


@dataclass(frozen=True, slots=True)
class SoftEntry:
    """What was typed, for the user `user_id` of the institution; a repetition not asked for is not looked at."""

    institution_id: str
    user_id: str
    mail_address: str = field(default="", repr=False)
    mail_address_again: str = field(default="", repr=False)
    activation_password: str = field(default="", repr=False)
    activation_password_again: str = field(default="", repr=False)


def mail_fields(institution: Institution) -> tuple[str, ...]:
    """The fields a form of the institution has for the mail address."""
    return _MAIL[: institution.issuance.mail_entries]


def password_fields(institution: Institution) -> tuple[str, ...]:
    """The fields a form of the institution has for the activation password."""
    return _PASSWORD[: institution.issuance.password_entries]


def check_soft_entry(services: Services, entry: SoftEntry) -> tuple[BadInput, ...]:
    """What is wrong, at most one fault of each pair; empty if the entry can be issued."""
    return (*check_mail_pair(services, entry), *check_password_pair(services, entry))


def check_mail_pair(services: Services, entry: SoftEntry) -> tuple[BadInput, ...]:
    """What is wrong with the address, or with its repetition."""
    institution = services.institution(entry.institution_id)
    dotted = institution.dotted_carrier_domains
    try:
        if institution.issuance.mail_entries == 1:
            accept_address(entry.mail_address, dotted)
        else:
            accept_pair(entry.mail_address, entry.mail_address_again, dotted)
    except BadInput as fault:
        return (fault,)
    return ()


def check_password_pair(services: Services, entry: SoftEntry) -> tuple[BadInput, ...]:
    """What is wrong with the activation password, or with its repetition (R16)."""
    institution = services.institution(entry.institution_id)
    typed_twice = institution.issuance.password_entries == 2
    again = entry.activation_password_again if typed_twice else entry.activation_password
    try:
        read_activation_password(entry.activation_password, again, (institution.service_id, entry.user_id))
    except BadInput as fault:
        return (fault,)
    return ()
