"""What one side writes the other reads back, whatever it is; and nothing is written in two ways.

Those of devices, of PSKC files and of the audit log's entries have properties of their own beside their tests.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.contract import (
    Authorization,
    DeviceSeen,
    FailureCode,
    JobKind,
    JobResult,
    Poll,
    Problem,
    ProgramJob,
    Progress,
    Wait,
    Work,
    WriteReceipt,
    dump,
    load,
    parse_authorization,
)
from provisioning.rules.app_proof import from_base64url, listed, to_base64url
from provisioning.rules.checkpoint import Checkpoint, SignedCheckpoint, parse_checkpoint
from provisioning.rules.otp import Counters, Match, Verdict
from provisioning.store.vault import SealedSeed
from provisioning.verifier import messages

QUICK = settings(max_examples=40, deadline=None)
_PRINTABLE = st.characters(codec="utf-8", categories=("L", "N", "P", "S"))
_COUNT, _SECONDS = st.integers(0, 0xFFFF_FFFF), st.integers(-(1 << 40), 1 << 40)
_PERCENT = st.none() | st.integers(0, 100)


def _line(most: int) -> st.SearchStrategy[str]:
    return st.text(_PRINTABLE, max_size=most)


_PROBLEM = st.none() | st.builds(
    Problem, st.sampled_from(FailureCode), st.dictionaries(_line(10), _line(10), max_size=2)
)
_SEEN = st.builds(
    DeviceSeen, _line(20), _line(5), _line(64), _line(64), _line(100), _line(32), _PERCENT, st.none() | _SECONDS,
    _COUNT, _PROBLEM,
)  # fmt: skip
_RECEIPT = st.builds(
    WriteReceipt, _line(64), _line(100), _line(32), _COUNT, _COUNT, _PERCENT, st.none() | _SECONDS,
    st.integers(0, 1_000_000), _line(8), st.none() | st.booleans(),
)  # fmt: skip
_JOB = st.builds(
    ProgramJob, _line(32), st.sampled_from(JobKind), _line(20), _line(20), sealed_seed=_line(40),
    counter=st.integers(0, 1 << 40), access_tries_left=st.none() | st.integers(0, 9),
    generation=st.none() | _COUNT,
)  # fmt: skip
_MESSAGES = st.one_of(
    st.builds(Poll, st.lists(_SEEN, max_size=2).map(tuple), st.lists(_line(32), max_size=2).map(tuple)),
    st.builds(Progress, st.integers(0, 1_000_000), st.integers(0, 1_000_000), st.sampled_from(Wait)),
    st.builds(JobResult, st.none() | _RECEIPT, _PROBLEM),
    st.builds(Work, st.lists(_JOB, max_size=2).map(tuple), st.integers(0, 1 << 40)),
)


@given(_MESSAGES)
@QUICK
def test_the_station_and_its_server_read_each_other(message: Poll | Progress | JobResult | Work) -> None:
    assert load(type(message), dump(message)) == message


@given(
    st.from_regex(r"[0-9a-zA-Z-]{1,64}", fullmatch=True), st.integers(0, 10**12 - 1),
    st.binary(min_size=16, max_size=16), st.binary(min_size=64, max_size=64),
)  # fmt: skip
@QUICK
def test_a_stations_signature_is_read_back(station_id: str, time: int, nonce: bytes, signature: bytes) -> None:
    signed = Authorization(station_id, str(time), nonce.hex(), signature)
    assert parse_authorization(signed.header()) == signed


@given(st.binary(max_size=80), st.text(st.sampled_from("AB_-=+/z09"), max_size=12))
@QUICK
def test_base64url_has_one_form(data: bytes, text: str) -> None:
    assert from_base64url(to_base64url(data)) == data
    with suppress(ValueError):
        assert to_base64url(from_base64url(text)) == text


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
@QUICK
def test_lists_of_texts_are_told_apart(one: list[str], other: list[str]) -> None:
    assert (listed(tuple(one)) == listed(tuple(other))) == (one == other)


@given(
    st.from_regex(r"[a-z.]{1,20}/audit", fullmatch=True), st.integers(0, 10**12),
    st.binary(min_size=32, max_size=32),
    st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.binary(min_size=64, max_size=64), st.integers(0, 300),
)  # fmt: skip
@QUICK
def test_a_checkpoint_is_read_to_the_letter(
    origin: str, size: int, root: bytes, at: datetime, signature: bytes, place: int
) -> None:
    signed = SignedCheckpoint(Checkpoint(origin, size, root, at), "checkpoint-1", b"hint", signature)
    assert parse_checkpoint(signed.text) == signed
    place %= len(signed.text)
    with suppress(ValueError):
        other = signed.text[:place] + "\n" + signed.text[place:]
        assert parse_checkpoint(other).text == other


@given(
    st.sampled_from(Verdict), st.integers(-1, 1 << 62), st.integers(-1, 1 << 62), st.integers(-99, 99),
    st.binary(min_size=1, max_size=60),
)  # fmt: skip
@QUICK
def test_the_verifier_is_understood(verdict: Verdict, last: int, seen: int, drift: int, sealed: bytes) -> None:
    match, seed = Match(verdict, Counters(last, seen, drift)), SealedSeed(sealed, sealed[::-1], "kek-1")
    told = messages.load(messages.Judgement, messages.dump(messages.judgement(match)))
    assert messages.read_judgement(told) == match
    adopted = messages.load(messages.Adoption, messages.dump(messages.adoption(match, seed)))
    assert (messages.read_judgement(adopted), messages.read_sealed(adopted)) == (match, seed)
    assert adopted.sealed_seed == b64encode(sealed).decode()
