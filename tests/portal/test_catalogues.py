"""Every sentence has its English, with the same facts in it, and no English is left over."""

from __future__ import annotations

import re

from web import catalogues, screens

PLACE = re.compile(r"%\(\w+\)[sd]")


def test_every_sentence_has_english() -> None:
    assert catalogues.missing() == {}


def test_no_english_is_left_over() -> None:
    assert catalogues.translated() - set(catalogues.used()) == set()


def test_english_holds_the_same_facts() -> None:
    for file, catalogue in catalogues.catalogues():
        for message in catalogue:
            if isinstance(message.id, str) and message.id:
                assert set(PLACE.findall(message.id)) == set(PLACE.findall(str(message.string))), (
                    file,
                    message.id,
                )


def test_english_is_english() -> None:
    for file, catalogue in catalogues.catalogues():
        for message in catalogue:
            if message.id:
                assert not re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", str(message.string)), (file, message.id)


def test_no_entry_is_doubtful() -> None:
    for file, catalogue in catalogues.catalogues():
        assert not [message.id for message in catalogue if message.fuzzy and message.id], file


def test_every_screen_has_an_id_of_its_own_of_one_form() -> None:
    ids = [screen.value for screen in screens.Screen]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[BS][A-Z]{2}\d{3}", one) for one in ids)
