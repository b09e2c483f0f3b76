"""What may be asked of the verifier, and by whom (R51, R76): least privilege as a table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from provisioning.rules.roles import Role


class Operation(StrEnum):
    """One kind of question, most of them about a code of a credential.

    ADOPT: a code that proves a seed which came with its fob. ACCESS_CODE: what locks a device. READY: do our keys
    fit?
    """

    VERIFY = "verify"
    ACTIVATE = "activate"
    RELEASE = "release"
    PROVE = "prove"
    RESYNC = "resync"
    ADOPT = "adopt"
    ACCESS_CODE = "access_code"
    READY = "ready"


MAY_ASK: Final[dict[Role, frozenset[Operation]]] = {
    # their own tokens, and the customers' fobs
    Role.STAFF: frozenset(Operation) - {Operation.RELEASE, Operation.ACCESS_CODE},
    Role.CUSTOMER: frozenset({Operation.VERIFY, Operation.ACTIVATE, Operation.RELEASE, Operation.READY}),
    Role.BANK: frozenset(
        {Operation.VERIFY, Operation.ACTIVATE, Operation.RELEASE, Operation.RESYNC, Operation.READY}
    ),
    Role.STATION: frozenset({Operation.PROVE, Operation.ACCESS_CODE, Operation.READY}),
}
"""A role that is not here asks nothing."""

ASKING: Final = frozenset(MAY_ASK)
"""Roles that check codes; without the verifier in the same process they ask for it over the network."""


def may_ask(roles: frozenset[Role], operation: Operation) -> bool:
    """Whether one of these roles may ask that."""
    return any(operation in MAY_ASK.get(role, ()) for role in roles)
