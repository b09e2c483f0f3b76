"""Who administers: the guard before every page of /company/. To everybody else there is no such page (R58)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from provisioning.rules.company import CompanyAct
from provisioning.store.queries.company_users import CompanyUser, CompanyView, company_view
from provisioning.store.queries.own_standing import OwnStanding
from web import current
from web.pages.customer.guard import signed_in

_P = ParamSpec("_P")
_R = TypeVar("_R", str, Response, str | Response)


@dataclass(frozen=True)
class Manager:
    """A signed-in master or administrator, and the company as it stands."""

    own: OwnStanding
    company: CompanyView

    def open_to(self, act: CompanyAct) -> tuple[CompanyUser, ...]:
        """For whom there is something to do."""
        return self.company.open_to(act, self.company.user(self.own.customer_id).member)


def managing(view: Callable[Concatenate[Manager, _P], _R]) -> Callable[_P, _R | Response]:
    """The view gets the manager; nobody signed in is led to the sign-in, anybody else is answered 404."""

    def guarded(own: OwnStanding, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        if own.company is None or not own.company.manages:
            raise NotFound
        company = company_view(current.services(), own.institution_id, own.company.id, current.now())
        return view(Manager(own, company), *args, **kwargs)

    return wraps(view)(signed_in(guarded))
