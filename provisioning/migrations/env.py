"""Run by Alembic for every command; the connection is handed over by provisioning.migrations."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from provisioning.store.tables import Base, Instant
from provisioning.store.tables.base import with_dialects


def _render(kind: str, item: Any, _autogen: AutogenContext) -> str | Literal[False]:
    """Instants are written as what they are stored as: revisions do not depend on our code."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=with_dialects(Base.metadata),
    render_as_batch=True,
    render_item=_render,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
