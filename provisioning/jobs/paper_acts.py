"""What a paper request leads to, each inside the transaction that closes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from provisioning.errors import NotFound, WrongState
from provisioning.jobs.end_credential import end_credential
from provisioning.jobs.end_mail_password import stop_in
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_in
from provisioning.rules.actor import Actor
from provisioning.rules.papers import ENDS, PaperAct
from provisioning.rules.states import EndedHow
from provisioning.services import Services
from provisioning.store.issuances import is_restricted, issuances
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential, PaperRequest


@dataclass(frozen=True)
class PaperCase:
    """A request that is being closed by `actor`; `credential_id` is the token on the page, "" without one."""

    tx: Session
    services: Services
    paper: PaperRequest
    credential_id: str
    actor: Actor
    now: datetime

    def end_token(self, how: EndedHow) -> None:
        """Raises NotFound, WrongState if it ended already."""
        end_credential(self.tx, self.services, self._own_token(), how, self.actor, self.now)

    def lift_suspension(self) -> None:
        """Raises NotFound, WrongState for a token that is not suspended."""
        command = LiftSuspensionCommand(self.paper.institution_id, self._own_token().id, self.actor)
        lift_in(self.tx, self.services, command, self.now)

    def lift_restriction(self) -> None:
        """The count begins anew from here. Raises WrongState for a customer who is not restricted."""
        institution = self.services.institution(self.paper.institution_id)
        if not is_restricted(self.tx, institution, self.paper.customer_id):
            raise WrongState("customer", "not_restricted")
        self.paper.issuances_forgiven = issuances(self.tx, self.paper.customer_id)

    def stop_mail_password(self) -> None:
        """The customer may then take it up with another address. Raises WrongState if it is not in use."""
        stop_in(self.tx, self.services, (self.paper.institution_id, self.paper.customer_id), self.actor, self.now)

    def _own_token(self) -> Credential:
        """This customer's, held until the end."""
        found = own_row(self.tx, Credential, self.credential_id, self.paper.institution_id, held=True)
        if found.customer_id != self.paper.customer_id:
            raise NotFound("credential")
        self.paper.credential_id = found.id
        return found


def _ends(how: EndedHow) -> Callable[[PaperCase], None]:
    return lambda case: case.end_token(how)


ACTS: Final[dict[PaperAct, Callable[[PaperCase], None]]] = {
    **{act: _ends(how) for act, how in ENDS.items()},
    PaperAct.LIFT_SUSPENSION: PaperCase.lift_suspension,
    PaperAct.LIFT_RESTRICTION: PaperCase.lift_restriction,
    PaperAct.STOP_MAIL_PASSWORD: PaperCase.stop_mail_password,
    # it was done before the paper came
    PaperAct.NOTHING_LEFT: lambda _case: None,
}
