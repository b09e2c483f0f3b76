"""The table `[issuance]` of a profile."""

from __future__ import annotations

from typing import Final

from provisioning.rules.issuance import Issuance, IssuancePages, OpensAtLogin
from provisioning.rules.strict_table import StrictTable

_KEYS: Final = ("pages", "mail_entries", "password_entries", "opens_at_login")


def read_issuance(table: StrictTable, *, offers_soft: bool, has_mail_password: bool) -> Issuance:
    """Raises SettingsInvalid, also for any key where the institution issues no soft tokens, and for one page where
    customers have passwords by mail: BOT003 asks for these.
    """
    for key in _KEYS:
        if key in table and not offers_soft:
            mend = 'Add "soft" to kinds and let otp.type be "totp", or leave [issuance] out.'
            table.fail(key, "is about soft tokens, which this institution does not issue", mend)
    issuance = Issuance(
        pages=table.choice("pages", IssuancePages, IssuancePages.STAGED),
        mail_entries=table.integer("mail_entries", 1, 2, 2),
        password_entries=table.integer("password_entries", 1, 2, 2),
        opens_at_login=table.choice("opens_at_login", OpensAtLogin, OpensAtLogin.NEVER),
    )
    if issuance.is_one_page and has_mail_password:
        mend = 'Let pages be "staged", or mail_password be false.'
        table.fail("pages", "has no page that asks for the mail password before a token is issued", mend)
    table.finish()
    return issuance
