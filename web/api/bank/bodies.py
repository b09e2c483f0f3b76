"""Requests' JSON, read strictly: an object with exactly the members that the operation names, all of them text or
lists of texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from provisioning.errors import BadInput, InputFault
from web.api.bank.fields import MOST_LISTED, Field
from web.api.strict_json import read_json_object, unknown_member


def read_object(body: bytes, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The members by name; optional ones may be absent. Raises BadInput naming the first that is wrong."""
    return _checked(read_json_object(body), fields)


def read_query(query: MultiDict[str, str], fields: Mapping[str, Field]) -> dict[str, Any]:
    """As `read_object`, of what stands behind an address; each name once."""
    if len(list(query.items(multi=True))) > len(query):
        raise BadInput("query", InputFault.BAD_FORM)
    return _checked(query.to_dict(), fields)


def _checked(sent: dict[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    for name in sent:
        if name not in fields:
            raise unknown_member(name)
    for name, wanted in fields.items():
        if name in sent:
            _check(name, sent[name], wanted)
        elif wanted.required:
            raise BadInput(name, InputFault.MISSING)
    return sent


def _check(name: str, value: Any, wanted: Field) -> None:
    if not wanted.many:
        return _check_text(name, value, wanted)
    if not isinstance(value, list):
        raise BadInput(name, InputFault.BAD_FORM)
    if not value:
        raise BadInput(name, InputFault.MISSING)
    if len(value) > MOST_LISTED:
        raise BadInput(name, InputFault.WRONG_LENGTH)
    for one in value:
        _check_text(name, one, wanted)
    return None


def _check_text(name: str, value: Any, wanted: Field) -> None:
    if not isinstance(value, str):
        raise BadInput(name, InputFault.BAD_FORM)
    if not value:
        raise BadInput(name, InputFault.MISSING)
    if len(value) > wanted.most:
        raise BadInput(name, InputFault.WRONG_LENGTH)
    if not value.isprintable():
        raise BadInput(name, InputFault.BAD_FORM)
    if wanted.choices and value not in wanted.choices:
        raise BadInput(name, InputFault.NOT_OFFERED)
