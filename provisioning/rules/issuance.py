"""How an institution issues soft tokens to customers in the portal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class IssuancePages(StrEnum):
    """STAGED: entry, check with the confirmation password, done (BOT001, BOT003, BOT002); activated later.

    ONE_PAGE: everything on one page, then a page that waits for the app and takes the first code.
    """

    STAGED = "staged"
    ONE_PAGE = "one-page"


class OpensAtLogin(StrEnum):
    """For whom signing in opens the issuance by itself."""

    NEVER = "never"
    # for whom the branch has entered an application; others are not issued anything in the portal
    AFTER_APPLICATION = "after-application"
    # for whoever has no token
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Issuance:
    """`mail_entries`, `password_entries`: how often address and activation password are typed, 1 or 2."""

    pages: IssuancePages = IssuancePages.STAGED
    mail_entries: int = 2
    password_entries: int = 2
    opens_at_login: OpensAtLogin = OpensAtLogin.NEVER

    @property
    def needs_application(self) -> bool:
        """The portal issues only what the branch has entered an application for."""
        return self.opens_at_login is OpensAtLogin.AFTER_APPLICATION

    @property
    def is_one_page(self) -> bool:
        """Issued on one page and activated on the next, in one sitting."""
        return self.pages is IssuancePages.ONE_PAGE
