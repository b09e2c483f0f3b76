"""What somebody who can write into the database could do to the audit log, one thing each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, text

Tampering = Callable[[Connection, int, int], object]
"""Done to the entries, leaves, nodes or batches at two places."""

_EDITS: Final = {
    "at": "at + 1",
    "institution_id": "'other'",
    "branch": "NULL",
    "actor_kind": "'system'",
    "actor_id": "actor_id || '2'",
    "origin": "''",
    "act": "'revoke'",
    "result": "'refused'",
    "customer_id": "NULL",
    "credential_id": "'x'",
    "fob_id": "'x'",
    "job_id": "'x'",
    "facts": """'{"try": -1}'""",
    "encoding_version": "1",
    "key_id": "'another'",
    "nonce": "NULL",
    "mac": "nonce",
    "id": "id + 1000000",
}
_COLUMNS: Final = ", ".join([name for name in _EDITS if name != "id"])


def _run(sql: str) -> Tampering:
    def act(connection: Connection, one: int, other: int) -> object:
        return connection.execute(text(sql), {"one": one, "other": other})

    return act


def _swap(table: str, key: str) -> Tampering:
    """Exchange two rows' keys, by way of one that nobody has."""

    def act(connection: Connection, one: int, other: int) -> None:
        for source, target in ((one, -5), (other, one), (-5, other)):
            sql = text(f"UPDATE {table} SET {key} = :target WHERE {key} = :source")
            connection.execute(sql, {"source": source, "target": target})

    return act


_ENTRY: Final = "(SELECT entry_id FROM audit_leaf WHERE leaf_index = :one)"

_LEAF_HASH: Final = "(SELECT leaf_hash FROM audit_leaf WHERE leaf_index = :one)"


def _cut_off(connection: Connection, one: int, _: int) -> None:
    """The end of everything, from a batch's beginning on."""
    last = text("SELECT MAX(first_index) FROM audit_batch WHERE first_index <= :one")
    begin = {"begin": connection.scalar(last, {"one": one})}
    connection.execute(
        text("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE leaf_index >= :begin)"),
        begin,
    )
    connection.execute(text("DELETE FROM audit_leaf WHERE leaf_index >= :begin"), begin)
    connection.execute(text("DELETE FROM audit_node WHERE (position + 1) << level > :begin"), begin)
    connection.execute(text("DELETE FROM audit_batch WHERE first_index >= :begin"), begin)


def _swap_entries(connection: Connection, one: int, other: int) -> None:
    find = text("SELECT entry_id FROM audit_leaf WHERE leaf_index = :index")
    first, second = (connection.scalar(find, {"index": index}) for index in (one, other))
    _swap("audit_entry", "id")(connection, int(first or 0), int(second or 0))


TAMPERINGS: Final[dict[str, Tampering]] = {
    **{
        f"edit {name}": _run(f"UPDATE audit_entry SET {name} = {to} WHERE id = {_ENTRY}")
        for name, to in _EDITS.items()
    },
    "delete": _run(f"DELETE FROM audit_entry WHERE id = {_ENTRY}"),
    "insert a copy": _run(
        f"INSERT INTO audit_entry (id, {_COLUMNS}) SELECT 999999, {_COLUMNS} FROM audit_entry WHERE id = {_ENTRY}"
    ),
    "insert another": _run(
        f"INSERT INTO audit_entry (id, {_COLUMNS}) "
        f"SELECT 999999, {_COLUMNS.replace('mac', 'nonce').replace('actor_id', 'branch')} "
        f"FROM audit_entry WHERE id = {_ENTRY}"
    ),
    "reorder entries": _swap_entries,
    "reorder leaves": _swap("audit_leaf", "leaf_index"),
    "delete a leaf": _run("DELETE FROM audit_leaf WHERE leaf_index = :one"),
    "change a leaf": _run(
        "UPDATE audit_leaf SET leaf_hash = (SELECT leaf_hash FROM audit_leaf WHERE leaf_index = :other) "
        "WHERE leaf_index = :one"
    ),
    "change a node": _run(f"UPDATE audit_node SET node_hash = {_LEAF_HASH}"),
    "delete a node": _run("DELETE FROM audit_node WHERE position = 0"),
    "add a node": _run(
        "INSERT INTO audit_node (level, position, node_hash) "
        "SELECT 8, 77, node_hash FROM audit_node WHERE position = 0"
    ),
    "change a batch": _run(f"UPDATE audit_batch SET root = {_LEAF_HASH}"),
    "delete a batch": _run(
        "DELETE FROM audit_batch "
        "WHERE first_index = (SELECT MAX(first_index) FROM audit_batch WHERE first_index <= :one)"
    ),
    "lengthen a batch": _run("UPDATE audit_batch SET size = size + 1 WHERE first_index <= :one"),
    "have new entries passed over": _run("UPDATE audit_batch SET highest_entry_id = 1000000"),
    "cut the end off": _cut_off,
}


def rebuild_tree(connection: Connection) -> None:
    """Throw the tree away, so that the worker makes a flawless new one over what there is."""
    for table in ("audit_batch", "audit_node", "audit_leaf"):
        connection.execute(text(f"DELETE FROM {table}"))
