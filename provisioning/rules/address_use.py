"""What a customer's stored mail address is for (R67)."""

from __future__ import annotations

from enum import StrEnum


class AddressUse(StrEnum):
    """A customer has at most one current address of each; notices go to all of them (R45)."""

    # the phone that the soft token's app is on
    TOKEN = "token"
    # where メール通知パスワード is sent; whoever has such an address uses it
    MAIL_PASSWORD = "mail_password"
    # for notices alone, of the customer's own wish
    NOTICES = "notices"
