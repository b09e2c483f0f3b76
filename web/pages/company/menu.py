"""The way to what a manager does: 業務選択, then 作業内容選択 (manual 004, steps 1 and 2)."""

from __future__ import annotations

from provisioning.rules.company import CompanyAct
from web.pages.company.guard import Manager, managing
from web.pages.company.managing import MANAGING
from web.pages.customer.guard import page, portal_blueprint

menu_pages = portal_blueprint("company", "", "/company")


@menu_pages.get("/")
@managing
def business(manager: Manager) -> str:
    """BCM001."""
    return page("company/business.html", manager.own)


@menu_pages.get("/users/")
@managing
def work(manager: Manager) -> str:
    """BCM002."""
    suspended = len(manager.open_to(CompanyAct.LIFT))
    return page("company/work.html", manager.own, works=MANAGING, suspended=suspended)
