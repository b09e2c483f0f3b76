"""Where an institution demands a paper, staff do not act without one (R39)."""

from __future__ import annotations

from provisioning.errors import PaperNeeded
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperKind


def refuse_without_paper(institution: Institution, kind: PaperKind, actor: Actor) -> None:
    """Raises PaperNeeded for staff; a bank's own system has taken its papers in itself."""
    if actor.kind is ActorKind.STAFF and kind in institution.papers:
        raise PaperNeeded(kind)
