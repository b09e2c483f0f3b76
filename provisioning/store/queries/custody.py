"""Who holds which fob, since when: one fob's way from hand to hand, as the ledger has it (R31)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from provisioning.rules.actor import ActorKind
from provisioning.rules.custody import Holder
from provisioning.rules.states import FobState
from provisioning.store.engine import Store
from provisioning.store.queries.actors import actor_names
from provisioning.store.tables import CustodyEntry, Customer, StockTransfer

MOVE_LIMIT: Final = 200
"""Moves of one fob that are shown."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the ledger. `from_state` None: the fob became known; the customer is named where one holds it.

    `bound_for`: the branch to which it went on its way, with which transfer.
    """

    at: datetime
    from_state: FobState | None
    to_state: FobState
    holder: Holder
    branch: str
    transfer_id: str | None
    bound_for: str
    customer_id: str | None
    customer_name: str
    user_id: str
    actor_kind: ActorKind
    actor_name: str


@dataclass(frozen=True, slots=True)
class Custody:
    """A fob's moves, newest first. `since`: when it came to whoever holds it now; None without a ledger."""

    moves: tuple[Move, ...]
    since: datetime | None

    @property
    def now(self) -> Move | None:
        """The newest move: it tells who holds the fob."""
        return self.moves[0] if self.moves else None


def custody(store: Store, institution_id: str, fob_id: str) -> Custody:
    """The ledger of one fob of the institution."""
    own = (CustodyEntry.institution_id == institution_id, CustodyEntry.fob_id == fob_id)
    query = (
        select(CustodyEntry, Customer.name, Customer.user_id, StockTransfer.to_branch)
        .outerjoin(Customer, Customer.id == CustodyEntry.customer_id)
        .outerjoin(StockTransfer, StockTransfer.id == CustodyEntry.transfer_id)
        .where(*own)
        .order_by(CustodyEntry.id.desc())
        .limit(MOVE_LIMIT)
    )
    with store.read() as session:
        rows = session.execute(query).all()
        names = actor_names(session, (row[0].actor_id for row in rows))
    moves = tuple(_move(entry, names, *more) for entry, *more in rows)
    return Custody(moves, _since(moves))


def _move(
    entry: CustodyEntry, names: dict[str, str], customer: str | None, user_id: str | None, to_branch: str | None
) -> Move:
    same = ("at", "from_state", "to_state", "holder", "branch", "transfer_id", "customer_id")
    return Move(
        **{name: getattr(entry, name) for name in same},
        bound_for=to_branch or "" if entry.holder is Holder.IN_TRANSIT else "",
        customer_name=customer or "",
        user_id=user_id or "",
        actor_kind=ActorKind(entry.actor_kind),
        actor_name=names.get(entry.actor_id, ""),
    )


def _since(moves: Sequence[Move]) -> datetime | None:
    """The oldest of the newest moves that left the fob in the same hands."""
    since = None
    for move in moves:
        if _hands(move) != _hands(moves[0]):
            break
        since = move.at
    return since


def _hands(move: Move) -> Iterable[str | None]:
    return (move.holder.value, move.branch, move.customer_id)
