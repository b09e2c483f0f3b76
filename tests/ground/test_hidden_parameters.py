"""What was asked of the database is not in its errors (R10)."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from provisioning.store.engine import Store


def test_an_error_names_the_statement_and_hides_its_values(store: Store) -> None:
    with store.read() as tx, pytest.raises(DBAPIError) as caught:
        tx.execute(text("SELECT :value FROM nowhere"), {"value": "canary-94287082"})
    assert "nowhere" in str(caught.value)
    assert "94287082" not in str(caught.value)
