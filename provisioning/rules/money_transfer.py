"""The form of a transfer's facts as customers type them (振込)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.rules.institution import MOST_YEN

LONGEST_NAME: Final = 60
_ACCOUNT: Final = re.compile(r"[0-9]{7}", re.ASCII)
_MARKS: Final = frozenset(" 　・．.，,－-ー（）()／/＆&'")
_MOST_DIGITS: Final = len(str(MOST_YEN))


@dataclass(frozen=True, slots=True)
class Account:
    """Where the money goes. `holder` is the name of the account."""

    bank: str
    branch: str
    account_number: str
    holder: str


def read_account(bank: str, branch: str, account_number: str, holder: str) -> tuple[Account, tuple[BadInput, ...]]:
    """The account as typed, without spaces around it, and what is wrong with it: at most one fault a field."""
    account = Account(bank.strip(), branch.strip(), account_number.strip(), holder.strip())
    names = {"bank": account.bank, "branch": account.branch, "holder": account.holder}
    faults = [fault for field, text in names.items() if (fault := _name_fault(field, text)) is not None]
    if not account.account_number:
        faults.append(BadInput("account_number", InputFault.MISSING))
    elif not _ACCOUNT.fullmatch(account.account_number):
        faults.append(BadInput("account_number", InputFault.BAD_FORM))
    return account, tuple(faults)


def read_amount_yen(text: str, field: str = "amount_yen") -> int:
    """Whole yen, commas between thousands allowed. Raises BadInput."""
    digits = text.strip().replace(",", "")
    if not digits:
        raise BadInput(field, InputFault.MISSING)
    if not (digits.isascii() and digits.isdigit()):
        raise BadInput(field, InputFault.NOT_DIGITS)
    if len(digits.lstrip("0")) > _MOST_DIGITS or not 0 < int(digits) <= MOST_YEN:
        raise BadInput(field, InputFault.BAD_FORM)
    return int(digits)


def _name_fault(field: str, text: str) -> BadInput | None:
    if not text:
        return BadInput(field, InputFault.MISSING)
    if len(text) > LONGEST_NAME:
        return BadInput(field, InputFault.WRONG_LENGTH)
    if not all(sign.isalnum() or sign in _MARKS for sign in text):
        return BadInput(field, InputFault.BAD_FORM)
    return None
