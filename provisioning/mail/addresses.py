"""Mail addresses: which are accepted, and how they are written on the wire (R69).

Old carrier addresses such as `a..b@docomo.ne.jp` or `a.@docomo.ne.jp` break RFC 5321's dot-string but are
alive; with a quoted local part (`"a..b"@docomo.ne.jp`) they are lawful and arrive. They are kept as people
write them and quoted only on the wire. A Japanese domain is taken in its ASCII form (`xn--…`) and stays in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from email_validator import EmailNotValidError, validate_email

from provisioning.errors import BadInput, InputFault

_LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64
# an ordinary space and the ideographic one, as they come with copying
_PASTED: Final = " \u3000"
_DOTTED_LOCAL: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_DOT_STRING: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def accept_address(text: str, dotted_domains: Collection[str], field: str = "mail_address") -> str:
    """The address in the form that is stored. `dotted_domains` are those with old carrier addresses.

    Raises BadInput naming `field`: MISSING when empty, else BAD_FORM. Line breaks are never accepted.
    """
    address = text.strip(_PASTED)
    if not address:
        raise BadInput(field, InputFault.MISSING)
    local, _, domain = address.rpartition("@")
    if len(address) > _LONGEST or len(local) > _LONGEST_LOCAL:
        raise BadInput(field, InputFault.BAD_FORM)
    if not address.isascii() or not address.isprintable():
        raise BadInput(field, InputFault.BAD_FORM)
    if domain.lower() in dotted_domains and _DOTTED_LOCAL.fullmatch(local):
        return f"{local}@{domain.lower()}"
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise BadInput(field, InputFault.BAD_FORM) from None
    return f"{checked.local_part}@{checked.ascii_domain}"


def accept_pair(text: str, again: str, dotted_domains: Collection[str]) -> str:
    """An address typed twice, in the form that is stored. Raises BadInput naming the field that is wrong."""
    address = accept_address(text, dotted_domains)
    try:
        repeated = accept_address(again, dotted_domains)
    except BadInput:
        repeated = ""
    if address != repeated:
        raise BadInput("mail_address_again", InputFault.DO_NOT_MATCH)
    return address


def on_the_wire(address: str) -> str:
    """An accepted address as RFC 5321 writes it: the local part quoted where it is no dot-string."""
    local, _, domain = address.rpartition("@")
    return address if _DOT_STRING.fullmatch(local) else f'"{local}"@{domain}'
