"""What one of the bank's systems may call: each key reaches its scopes and nothing else (R76)."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final


class BankScope(StrEnum):
    """One part of the bank API."""

    READ = "read"
    VERIFY = "verify"
    ISSUE = "issue"
    END = "end"
    LIFT = "lift"
    RESTRICT = "restrict"
    PAPERS = "papers"
    COMPANIES = "companies"
    TRANSFERS = "transfers"
    MAIL_PASSWORD = "mail_password"
    EVENTS = "events"


ALL_SCOPES: Final = frozenset(BankScope)


def write_scopes(scopes: Collection[BankScope]) -> str:
    """As one text: their values in the order above, one space between two."""
    return " ".join(scope for scope in BankScope if scope in scopes)


def read_scopes(text: str) -> frozenset[BankScope]:
    """What `write_scopes` wrote."""
    return frozenset(map(BankScope, text.split()))
