"""Whoever acts is named whole wherever an act begins: for staff the role that they had, and from where (R64)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from provisioning.rules.actor import Actor, ActorKind

ROOT: Final = Path(__file__).parents[2]
FIELDS: Final = list(Actor.__dataclass_fields__)
NEEDED: Final = {
    ActorKind.STAFF: {"institution_id", "branch", "origin", "role"},
    ActorKind.CUSTOMER: {"institution_id", "branch", "origin"},
    ActorKind.BANK: {"institution_id", "origin"},
    ActorKind.STATION: {"institution_id", "branch", "origin"},
    ActorKind.APP: {"origin"},
}


def actors() -> Iterator[tuple[str, ActorKind, set[str]]]:
    """Every place of the product where one is made: where, who, and what is said of them."""
    for folder in ("provisioning", "web"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            for call in ast.walk(ast.parse(text)) if "Actor(" in text else ():
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Actor":
                    kind = ActorKind[ast.unparse(call.args[0]).rpartition(".")[2]]
                    told = {*FIELDS[: len(call.args)], *(word.arg for word in call.keywords if word.arg)}
                    yield f"{file.relative_to(ROOT)}:{call.lineno}", kind, told


def test_every_actor_is_told_whole() -> None:
    found = list(actors())
    assert {kind for _, kind, _ in found} == set(ActorKind)
    for place, kind, told in found:
        assert told >= NEEDED.get(kind, set()), place
