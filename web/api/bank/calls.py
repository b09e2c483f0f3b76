"""What every call of the bank API needs: the caller, the institution, and the members of the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from flask import current_app, request

from provisioning.errors import BadInput, InputFault, NotAuthentic, NotFound, OutOfScope
from provisioning.jobs.check_bank_key import KnownClient
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.identifiers import lookup_name, read_service_id
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState
from provisioning.rules.subscriber import subscriber
from provisioning.store.queries.token_state import TokenState, token_state
from web import current
from web.api.bank.bodies import read_object, read_query
from web.api.bank.fields import POST, Operation
from web.api.bank.known_clients import KnownClients
from web.flood import Allowance, FloodGuard

CALLS: Final = "kagiya_bank_guard"
STRANGERS: Final = "kagiya_bank_stranger_guard"
CLIENTS: Final = "kagiya_bank_clients"
# for one user of one institution: far above what a person or a careful system does
PER_USER: Final = Allowance(burst=1_000, per_s=200.0)
# for one address that brings keys nobody has
PER_STRANGER: Final = Allowance(burst=50, per_s=1.0)


@dataclass(frozen=True, slots=True)
class Call:
    """One believed call. `fields` are the text members beside the two IDs, checked in form; `lists` the rest.

    `user_id` is empty where the operation is about an institution.
    """

    client: KnownClient
    institution: Institution
    user_id: str
    fields: Mapping[str, str]
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """The calling system as somebody who acts."""
        return Actor(ActorKind.BANK, self.client.id, self.institution.id, None, current.origin())

    @property
    def token(self) -> TokenState:
        """Where the user's token stands. Raises NotFound for an unknown user."""
        return token_state(current.services().store, self.institution.id, self.user_id)

    @property
    def credential_id(self) -> str:
        """The user's current or last credential. Raises NotFound."""
        found = self.token.credential_id
        if found is None:
            raise NotFound("credential")
        return found

    @property
    def waiting_id(self) -> str:
        """The credential that may not be in force yet: a successor, else the current one. Raises NotFound."""
        successor = self.token.successor
        return self.credential_id if successor is None else successor.credential_id

    @property
    def suspended_id(self) -> str:
        """The credential whose suspension is meant: the current one, unless only its successor is suspended."""
        found, suspended = self.token, CredentialState.SUSPENDED
        successor_alone = found.successor is not None and found.successor.state is suspended
        return self.waiting_id if successor_alone and found.state is not suspended else self.credential_id

    @property
    def login(self) -> str:
        """The customer's login as the calling system names it; no other system's, and no session of ours."""
        return sha256(f"{self.client.id} {self.fields['login']}".encode()).hexdigest()

    @property
    def confirmation_password(self) -> str | None:
        """None: the calling system has checked it. Raises BadInput where it is to be sent."""
        password = self.fields.get("confirmation_password")
        if password is None and not self.client.checks_confirmation:
            raise BadInput("confirmation_password", InputFault.MISSING)
        return password

    def required(self, name: str) -> str:
        """A member that this kind of call cannot do without. Raises BadInput."""
        if name not in self.fields:
            raise BadInput(name, InputFault.MISSING)
        return self.fields[name]


def call_of(operation: Operation, parts: Mapping[str, str]) -> Call:
    """The call of `operation` in this request; `parts` are those of its address.

    Raises NotAuthentic, OutOfScope, BadInput, NotFound, TooManyRequests.
    """
    client = _client()
    if operation.scope not in client.scopes:
        raise OutOfScope(operation.scope)
    sent = _sent(operation, parts)
    institution = _institution(client, sent.pop("service_id"))
    user_id = sent.pop("user_id", "")
    if "user_id" in operation.fields:
        lookup_name(user_id, "user_id")
    guard: FloodGuard = current_app.extensions[CALLS]
    guard.admit(f"{institution.id} {user_id}", current.now())
    lists = {name: sent.pop(name) for name, wanted in operation.fields.items() if wanted.many and name in sent}
    return Call(client, institution, user_id, sent, lists)


def _sent(operation: Operation, parts: Mapping[str, str]) -> dict[str, Any]:
    if operation.method == POST:
        return read_object(request.get_data(), operation.fields)
    asked = {name: wanted for name, wanted in operation.fields.items() if name not in parts}
    return {**parts, **read_query(request.args, asked)}


def _client() -> KnownClient:
    """Who calls. A key that nobody has costs a token of its sender's address."""
    try:
        known: KnownClients = current_app.extensions[CLIENTS]
        return known.find(current.services(), request.headers.get("Authorization", ""), current.now())
    except NotAuthentic:
        guard: FloodGuard = current_app.extensions[STRANGERS]
        guard.admit(subscriber(current.origin()), current.now())
        raise


def _institution(client: KnownClient, service_id: str) -> Institution:
    """A foreign institution looks like none (R58)."""
    institution = current.services().by_service_id(read_service_id(service_id))
    if client.institution_id not in (None, institution.id):
        raise NotFound("institution")
    return institution
