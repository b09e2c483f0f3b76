"""Everything a job may use besides its command and the time. Built once, in the composition root.

A process that lacks a key lacks the object: `opener` is None outside the verifier role, `addresses`
is None where no mail address is shown or sent, and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from devices.profiles import FirmwareProfile
from provisioning.clock import ClockGuard
from provisioning.errors import NotFound
from provisioning.rules.institution import Institution
from provisioning.store.address_box import AddressBox
from provisioning.store.audit import AuditKey
from provisioning.store.boxes import Box
from provisioning.store.checkpoints import CheckpointFolder, CheckpointSigner
from provisioning.store.engine import Store
from provisioning.store.station_seal import AnswerSigner
from provisioning.store.vault import SeedOpener, SeedSealer
from provisioning.verifier.questions import Verifier

if TYPE_CHECKING:
    from provisioning.settings import Settings
    from provisioning.verifier.role_tokens import RoleAuthority


@dataclass(frozen=True)
class Services:
    """The objects behind the jobs."""

    settings: Settings
    store: Store
    institutions: Mapping[str, Institution]
    audit_key: AuditKey
    sealer: SeedSealer
    opener: SeedOpener | None = None
    # whom to ask about codes, and for what locks devices, where `opener` is None; None in roles that check none
    verifier: Verifier | None = None
    # whom to believe that asks; None where no other role is answered
    roles_authority: RoleAuthority | None = None
    addresses: AddressBox | None = None
    # password keys and answers of activation tickets, secrets inside web sessions
    tickets: Box | None = None
    # what stations are answered is signed with it; None where none is answered
    answer_signer: AnswerSigner | None = None
    # where the audit log was signed; the signer is the worker's alone
    checkpoints: CheckpointFolder | None = None
    checkpoint_signer: CheckpointSigner | None = None
    # when what this process shows to others ends: `role` and `server` certificate, where it has one
    certificate_ends: Mapping[str, datetime] = field(default_factory=dict)
    # firmware profiles by name: what each kind of fob can hold
    profiles: Mapping[str, FirmwareProfile] = field(default_factory=dict)
    clock: ClockGuard = field(default_factory=ClockGuard)

    def institution(self, institution_id: str) -> Institution:
        """The profile by its id. Raises NotFound."""
        try:
            return self.institutions[institution_id]
        except KeyError:
            raise NotFound("institution") from None

    def by_service_id(self, service_id: str) -> Institution:
        """The profile by its service ID. Raises NotFound."""
        for institution in self.institutions.values():
            if institution.service_id == service_id:
                return institution
        raise NotFound("institution")
