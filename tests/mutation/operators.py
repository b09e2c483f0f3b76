"""The small changes that are tried: comparisons, operators, numbers, members of tables and enums, calls left out,
and the words of SQL statements.
"""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import ModuleType
from typing import Any, Final

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
}  # fmt: skip
_NAMES: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_SQL: Final = re.compile(r"\b(SELECT|UPDATE|WHERE|ORDER BY|AND)\b")
_SQL_CHANGES: Final = (
    (r" < ", " <= "), (r" >= ", " > "), (r" <> ", " = "), (r" = ", " <> "), (r"\bAND\b", "OR"),
    (r"\bDESC\b", "ASC"), (r"\+ 1\b", "+ 2"), (r"= 0,", "= 1,"), (r"'(\w+)'", r"'not \1'"),
    (r"\bLEFT JOIN\b", "JOIN"), (r"THEN (\S+) ELSE (\S+)", r"THEN \2 ELSE \1"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the source's line (stripped), what was changed there, and the whole module with it."""

    line: str
    change: str
    number: int
    tree: ast.Module

    @property
    def key(self) -> str:
        """What it is known by, wherever its line moves to."""
        return f"{self.line} | {self.change}"


def mutants(source: str, module: ModuleType) -> Iterator[Mutant]:
    """All of them, in the order of the source; each differs from it in one place."""
    tree, lines = ast.parse(source), source.splitlines()
    often: Counter[tuple[str, str]] = Counter()
    for path in _places(tree):
        number = _number(tree, path)
        line = lines[number - 1].strip()
        for change, replacement in _changes(_at(tree, path), module):
            changed = copy.deepcopy(tree)
            _put(changed, path, replacement)
            often[line, change] += 1
            told = change if often[line, change] == 1 else f"{change} (once more: {often[line, change]})"
            yield Mutant(line, told, number, ast.fix_missing_locations(changed))


def _changes(node: ast.AST, module: ModuleType) -> Iterator[tuple[str, ast.AST]]:
    """What it could be instead."""
    match node:
        case ast.Compare(left, operators, rights):
            for at, operator in enumerate(operators):
                other = _COMPARISONS[type(operator)]
                others = [*operators[:at], other(), *operators[at + 1 :]]
                yield f"{_name(operator)} {at} → {other.__name__}", ast.Compare(left, others, rights)
        case ast.BoolOp(joined, values):
            swapped = ast.Or() if isinstance(joined, ast.And) else ast.And()
            yield f"{_name(joined)} → {_name(swapped)}", ast.BoolOp(swapped, values)
        case ast.BinOp(left, ast.BitOr(), _):
            yield "only what is left of |", left
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            other_operator = _OPERATORS[type(operator)]()
            yield f"{_name(operator)} → {_name(other_operator)}", ast.BinOp(left, other_operator, right)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield f"without {_name(node.op)}", operand
        case _:
            yield from _left_out(node)
            yield from _other_changes(node, module)


def _left_out(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Something less in a table, or an act that is not done."""
    match node:
        case ast.Set(members):
            for at in range(len(members) if len(members) > 1 else 0):
                yield f"without member {at}", ast.Set(members[:at] + members[at + 1 :])
        case ast.Dict(keys, values):
            for at in range(len(keys)):
                yield f"without entry {at}", ast.Dict(keys[:at] + keys[at + 1 :], values[:at] + values[at + 1 :])
        case ast.Expr(ast.Call()) | ast.Raise():
            yield "left out", ast.Pass()


def _other_changes(node: ast.AST, module: ModuleType) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Constant(value):
            yield from _constants(value)
        case ast.Name(name) if name in _NAMES:
            yield f"{name} → {_NAMES[name]}", ast.Name(_NAMES[name], ast.Load())
        case ast.Attribute(ast.Name(owner), name):
            yield from _members(owner, name, module)
        case ast.IfExp(_, body, orelse):
            yield "always the first", ast.IfExp(ast.Constant(True), body, orelse)
            yield "always the second", ast.IfExp(ast.Constant(False), body, orelse)
        case ast.Return(ast.AST() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "returns None", ast.Return(ast.Constant(None))


def _name(node: ast.AST) -> str:
    return type(node).__name__


def _constants(value: object) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(value, bool):
        yield f"{value} → {not value}", ast.Constant(not value)
    elif isinstance(value, int):
        yield f"{value} → {value + 1}", ast.Constant(value + 1)
    elif isinstance(value, str) and _SQL.search(value):
        for pattern, other in _SQL_CHANGES:
            for at, found in enumerate(re.finditer(pattern, value)):
                changed = value[: found.start()] + found.expand(other) + value[found.end() :]
                yield f"SQL {found[0].strip()} ({at}) → {found.expand(other).strip()}", ast.Constant(changed)


def _members(owner: str, name: str, module: ModuleType) -> Iterator[tuple[str, ast.AST]]:
    """The next member of the enum."""
    kind = getattr(module, owner, None)
    if isinstance(kind, type) and issubclass(kind, Enum) and name in kind.__members__:
        names = list(kind.__members__)
        other = names[(names.index(name) + 1) % len(names)]
        if len(names) > 1:
            yield f"{owner}.{name} → {other}", ast.Attribute(ast.Name(owner, ast.Load()), other, ast.Load())


_UNSEEN: Final = ("annotation", "returns", "decorator_list")
Place = tuple[tuple[str, int | None], ...]


def _places(node: ast.AST, path: Place = ()) -> Iterator[Place]:
    """Every part of a module that could be another; types and docstrings say nothing that is done."""
    for name, value in ast.iter_fields(node):
        if name in _UNSEEN:
            continue
        if isinstance(value, ast.AST):
            yield from _place(value, (*path, (name, None)))
        elif isinstance(value, list):
            for at, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from _place(item, (*path, (name, at)))


def _place(node: ast.AST, path: Place) -> Iterator[Place]:
    if isinstance(node, ast.Import | ast.ImportFrom) or _is_docstring(node):
        return
    yield path
    yield from _places(node, path)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _at(tree: ast.AST, path: Place) -> Any:
    node: Any = tree
    for name, at in path:
        node = getattr(node, name)
        node = node if at is None else node[at]
    return node


def _number(tree: ast.AST, path: Place) -> int:
    """The line of the innermost part that has one."""
    node: Any = tree
    number = 1
    for name, at in path:
        node = getattr(node, name)
        node = node if at is None else node[at]
        number = getattr(node, "lineno", number)
    return number


def _put(tree: ast.AST, path: Place, replacement: ast.AST) -> None:
    owner, (name, at) = _at(tree, path[:-1]), path[-1]
    if at is None:
        setattr(owner, name, replacement)
    else:
        getattr(owner, name)[at] = replacement
