"""Which endpoints of the console ask anew who sits there, where that was shown more than five minutes ago (R57).

An approval asks always: it is signed by itself.
"""

from __future__ import annotations

from typing import Final

ASK_ANEW: Final = frozenset(
    {
        # a token ends, or is let in again
        "staff_ending.end",
        "staff_customer.cancel",
        "staff_customer.lift",
        "staff_customer.unlock",
        "staff_requests.carry_out",
        # a token is issued: an address is typed for it, or another one, or a fob is written for somebody
        "staff_soft.enter",
        "staff_mails.send_again",
        "staff_hard.reserve",
        "staff_batches.begin",
        # a passkey's signature is as fresh as can be; a demonstration's button is not
        "staff_approvals.give_by_demo",
        # workstations
        "staff_stations.invite",
        "staff_stations.revoke",
        # what leaves the house, and what is hidden otherwise
        "audit_entries.export",
        "staff_addresses.show",
        # who may sign in, and how
        "staff_people.add",
        "staff_people.invite",
        "staff_people.disable",
        "staff_people.enable",
        "staff_people.prepare",
        "staff_people.unlock",
        "staff_people.take_passkey",
        "staff_people.end_session",
        "staff_account.new_passkey",
        "staff_account.passkey_options",
        "staff_account.add",
        "staff_account.remove",
        "staff_account.set_password",
        "staff_account.activate_token",
    }
)
