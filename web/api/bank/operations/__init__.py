"""The bank API as data: what each operation takes and answers. Handlers check by it, the OpenAPI page tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from web.api.bank.fields import Operation
from web.api.bank.operations.companies import COMPANIES
from web.api.bank.operations.events import EVENTS
from web.api.bank.operations.mail_passwords import MAIL_PASSWORDS
from web.api.bank.operations.papers import PAPERS
from web.api.bank.operations.standing import STANDING
from web.api.bank.operations.tokens import TOKENS
from web.api.bank.operations.transfers import TRANSFERS

OPERATIONS: Final[Mapping[str, Operation]] = {
    **TOKENS,
    **STANDING,
    **PAPERS,
    **MAIL_PASSWORDS,
    **TRANSFERS,
    **COMPANIES,
    **EVENTS,
}
