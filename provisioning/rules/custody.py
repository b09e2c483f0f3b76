"""In whose hands a fob is, told by its state (R31): the drawer, on the way, a customer, or nobody's any more."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from provisioning.rules.states import FobState


class Holder(StrEnum):
    """Who answers for a fob."""

    BRANCH = "branch"
    # on its way between two branches
    IN_TRANSIT = "in_transit"
    CUSTOMER = "customer"
    # lost, or destroyed
    NOBODY = "nobody"


HOLDER: Final[dict[FobState, Holder]] = {
    FobState.IN_STOCK: Holder.BRANCH,
    FobState.IN_TRANSIT: Holder.IN_TRANSIT,
    FobState.RESERVED: Holder.BRANCH,
    FobState.PROGRAMMING: Holder.BRANCH,
    FobState.PROGRAMMED: Holder.BRANCH,
    FobState.HANDED_OVER: Holder.CUSTOMER,
    FobState.IN_USE: Holder.CUSTOMER,
    FobState.RETURNED: Holder.BRANCH,
    # a broken fob is kept until it is retired
    FobState.BROKEN: Holder.BRANCH,
    FobState.RETIRED: Holder.NOBODY,
    FobState.LOST: Holder.NOBODY,
}


class Compartment(StrEnum):
    """Where fobs lie in the branch, as somebody counts them."""

    BLANK = "blank"
    READY = "ready"
    RETURNED = "returned"
    BROKEN = "broken"


COMPARTMENT: Final[dict[FobState, Compartment]] = {
    FobState.IN_STOCK: Compartment.BLANK,
    FobState.RESERVED: Compartment.BLANK,
    FobState.PROGRAMMING: Compartment.READY,
    FobState.PROGRAMMED: Compartment.READY,
    FobState.RETURNED: Compartment.RETURNED,
    FobState.BROKEN: Compartment.BROKEN,
}
"""States whose fobs lie in the branch: those that it holds."""
