"""Every parser of foreign bytes takes its whole corpus, and some inputs more, and raises what it promises."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fuzz.corpus import kept, variants
from tests.fuzz.seeds import SEEDS
from tests.fuzz.server import DATABASE
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_what_was_found_and_what_is_like_it_ends_as_it_should(
    target: Target, tmp_path: Path, sqlite_template: Path
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / DATABASE)
    run = target.prepare(tmp_path)
    inputs = kept(target.name)
    assert inputs
    for number, data in enumerate((*inputs, *variants(inputs, target.variants))):
        try:
            run(data)
        except Exception as error:
            raise AssertionError(f"{target.name} fails on input {number}: {data[:200]!r}") from error


def test_every_target_has_seeds() -> None:
    assert set(SEEDS) == {target.name for target in TARGETS}
