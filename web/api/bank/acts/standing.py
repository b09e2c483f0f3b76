"""Where a customer stands and what the institution wants, before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.store.queries.own_standing import OwnStanding, own_standing
from web import current
from web.api.bank.acts.answers import Answer, known
from web.api.bank.acts.tokens import state
from web.api.bank.calls import Call
from web.api.bank.once import Act


def _customer(call: Call) -> Answer:
    own = own_standing(current.services(), call.institution.id, call.token.customer_id)
    return state(call) | ({} if own is None else _more(own))


def _more(own: OwnStanding) -> Answer:
    now = current.now()
    return known(
        application=own.application.number if own.application else None,
        issue_restricted=own.is_restricted or None,
        issuable_from=own.issuable_from if own.must_wait(now) else None,
        may_log_in_from=own.login_from if own.is_shut_out(now) else None,
        may_replace=own.may_replace or None,
        uses_mail_password=own.uses_mail_password or None,
        transfer_limit_yen=own.transfer_limit_yen,
    )


def _institution(call: Call) -> Answer:
    institution = call.institution
    return {
        "name": {"ja": institution.name.ja, "en": institution.name.en},
        "kinds": [kind.value for kind in institution.kinds if institution.issues(kind)],
        "digits": institution.otp.digits,
        "activation": institution.activation.value,
        "replacement": institution.replacement.value,
        "asks_otp_at": [purpose.value for purpose in institution.asks_otp_at],
        "mail_password": institution.mail_password,
        "companies": institution.companies,
        "papers": [kind.value for kind in institution.papers],
        **known(transfer_limit_cap_yen=institution.transfer_limit_cap_yen),
    }


ACTS: Final[Mapping[str, Act]] = {"customer": _customer, "institution": _institution}
