"""What the demonstration tells of itself: demo.json for programs, lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from provisioning.cli.demo_people import institutions_first_desk
from provisioning.services import Services

if TYPE_CHECKING:
    from tests.rig.drawer import Drawer

_TOLD: Final = ("institution", "login_id", "password", "confirmation_password", "user_id")


def facts(
    services: Services, accounts: dict[str, Any], drawer: Drawer, base_url: str, rig_url: str
) -> dict[str, Any]:
    """demo.json, with the fields that the contract names."""
    profiles = [services.institutions[name] for name in institutions_first_desk(services.institutions)]
    return {
        "base_url": base_url,
        "rig_url": rig_url,
        "bank_api_key": accounts["bank_api_key"],
        "institutions": [{"id": one.id, "service_id": one.service_id, "name": one.name.ja} for one in profiles],
        "customers": [{name: who[name] for name in _TOLD} for who in accounts["customers"]],
        "staff": [
            {
                "name": who["name"],
                "role": who["role"],
                "institution": who["institution"],
                "sign_in_url": base_url + who["path"],
            }
            for who in accounts["staff"]
        ],
        "fobs": [
            {
                "serial": fob.serial,
                "profile": fob.profile,
                "transport": fob.transport.value,
                "display_url": f"{rig_url}/fobs/{fob.serial}",
            }
            for fob in drawer.views()
        ],
    }


def lines(told: dict[str, Any], file: Path) -> str:
    """What to open, for people at a terminal."""
    base_url = told["base_url"]
    return "\n".join(
        (
            f"鍵屋 kagiya: {base_url}/",
            "",
            f"  試験台   rig      {told['rig_url']}/",
            f"  お客さま portal   {base_url}/portal/",
            f"  アプリ   app      {base_url}/app/",
            "",
            "  職員 staff: the link signs you in; お客さま customers: login ID, password, confirmation password",
            *(line for institution in told["institutions"] for line in _people(told, institution)),
            "",
            f"  All of it is in {file}. Ctrl-C ends; the next start finds everything as it was.",
        )
    )


def _people(told: dict[str, Any], institution: dict[str, str]) -> Iterator[str]:
    """Those of one institution, by the names that pages and README give them."""
    yield f"  {institution['name']} ({institution['id']})"
    for who in told["staff"]:
        if who["institution"] == institution["id"]:
            yield f"    {who['role']:<14} {who['name']}  {who['sign_in_url']}"
    for who in told["customers"]:
        if who["institution"] == institution["id"]:
            yield f"    {who['login_id']:<14} {who['password']:<14} {who['confirmation_password']}"
