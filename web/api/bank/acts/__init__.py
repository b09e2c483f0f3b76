"""The act behind each operation, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from web.api.bank.acts import codes, companies, events, mail_passwords, papers, standing, tokens, transfers
from web.api.bank.once import Act

ACTS: Final[Mapping[str, Act]] = {
    **codes.ACTS,
    **tokens.ACTS,
    **standing.ACTS,
    **papers.ACTS,
    **mail_passwords.ACTS,
    **transfers.ACTS,
    **companies.ACTS,
    **events.ACTS,
}
