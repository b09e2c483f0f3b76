"""What the session knows of the mail it had sent: the address in full, and the set-up code (R20).

It holds only while that mail is the newest: at the counter it may have been sent again, to another address.
"""

from __future__ import annotations

from typing import Any

from provisioning.rules.setup_code import SetupCode
from provisioning.store.queries.own_standing import OwnStanding
from web import flow, setup_codes
from web.screens import Screen


def keep_issued(mail_id: str, mail_address: str, setup_code: SetupCode | None) -> None:
    """For the pages after the issuance, BOT002 and BOK003."""
    facts = {"mail": mail_id, "mail_address": mail_address}
    flow.keep(Screen.SOFT_DONE, facts | setup_codes.facts(setup_code))


def mail_address(own: OwnStanding) -> str:
    """Where the newest mail about the token went; masked where another session or the counter sent it."""
    masked = own.pending.mail.masked_address if own.pending and own.pending.mail else ""
    return typed_address(own) or masked


def typed_address(own: OwnStanding) -> str:
    """The same, if it was typed in this session; else nothing."""
    return str(_kept(own).get("mail_address", ""))


def setup_code(own: OwnStanding) -> SetupCode | None:
    """The code that goes with that mail, while its ticket lives."""
    return setup_codes.living(_kept(own))


def _kept(own: OwnStanding) -> dict[str, Any]:
    newest = own.pending.mail.id if own.pending and own.pending.mail else None
    kept = flow.kept(Screen.SOFT_DONE) or {}
    return kept if kept.get("mail") == newest else {}
