"""What a customer in the portal proves, and at what (manuals 001, 002)."""

from __future__ import annotations

from enum import StrEnum


class OtpPurpose(StrEnum):
    """Where a customer whose token is in use types a one-time password; each is spent at one of them."""

    LOGIN = "login"
    TRANSFER = "transfer"
    # a change of registered customer information
    INFORMATION = "information"
