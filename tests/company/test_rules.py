"""Who may lift and revoke whom (manual 004, R14): every role, every target; and nobody is ever stuck."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.rules.company import CompanyAct, CompanyRole, Member, allows, lifters, manages

MASTER, ADMINISTRATOR, GENERAL = CompanyRole
LIFT, REVOKE, REPORT_LOSS = CompanyAct

# by, of: manual 004, P5 and P6
MANUAL = {
    LIFT: {(MASTER, ADMINISTRATOR), (MASTER, GENERAL)}
    | {(ADMINISTRATOR, MASTER), (ADMINISTRATOR, ADMINISTRATOR), (ADMINISTRATOR, GENERAL)},
    REVOKE: set(product((MASTER, ADMINISTRATOR), CompanyRole)),
    REPORT_LOSS: set(product((MASTER, ADMINISTRATOR), CompanyRole)),
}


@pytest.mark.parametrize("same_company", [True, False])
@pytest.mark.parametrize("oneself", [True, False])
@pytest.mark.parametrize("of", CompanyRole)
@pytest.mark.parametrize("by", CompanyRole)
@pytest.mark.parametrize("act", CompanyAct)
def test_the_whole_table(
    act: CompanyAct, by: CompanyRole, of: CompanyRole, oneself: bool, same_company: bool
) -> None:
    actor = Member("1", "A", by)
    target = Member("1" if oneself else "2", "A" if same_company else "B", of)
    # a company has one master: another master is not met in one's own, and nobody lifts like that
    expected = (by, of) in MANUAL[act] and not oneself and same_company
    assert allows(act, actor, target) is expected


@pytest.mark.parametrize("role", CompanyRole)
def test_a_general_user_has_nothing_to_do_for_others(role: CompanyRole) -> None:
    others = [Member(str(n), "A", other) for n, other in enumerate(CompanyRole)]
    does_something = any(allows(act, Member("9", "A", role), other) for act in CompanyAct for other in others)
    assert manages(role) is does_something is (role is not GENERAL)
    assert manages(None) is False


M = Member("m", "A", MASTER)
A1 = Member("a1", "A", ADMINISTRATOR)
A2 = Member("a2", "A", ADMINISTRATOR)
G = Member("g", "A", GENERAL)
G2 = Member("g2", "A", GENERAL)


def down(member: Member) -> Member:
    """Suspended, or kept from logging in by anything else."""
    return replace(member, is_able=False)


@pytest.mark.parametrize(
    ("suspended", "company", "who"),
    [
        # the master: by an administrator user; with none registered, by the institution
        (down(M), [down(M), A1, A2, G], [A1, A2]),
        (down(M), [down(M), down(A1), A2, G], [A2]),
        (down(M), [down(M), G, G2], []),
        (down(M), [down(M)], []),
        # administrators: by the master or another administrator, never by themselves
        (down(A1), [M, down(A1), A2, G], [M, A2]),
        (down(A1), [M, down(A1)], [M]),
        (down(A1), [down(M), down(A1), A2], [A2]),
        # general users: by the master or an administrator
        (down(G), [M, A1, A2, down(G), G2], [M, A1, A2]),
        (down(G), [M, down(G), G2], [M]),
        (down(G), [down(M), down(G), G2], []),
        # all administrators and the master: the institution
        (down(M), [down(M), down(A1), down(A2), G], []),
        (down(A1), [down(M), down(A1), down(A2), G], []),
        (down(G), [down(M), down(A1), down(A2), down(G), G2], []),
        # a master lifts no master, were there two
        (down(M), [down(M), Member("m2", "A", MASTER), A1], [A1]),
        # another company's administrators are nobody
        (down(M), [down(M), Member("x", "B", ADMINISTRATOR)], []),
    ],
)
def test_whose_turn_it_is(suspended: Member, company: list[Member], who: list[Member]) -> None:
    assert list(lifters(suspended, company)) == who


@st.composite
def companies(draw: st.DrawFn) -> list[Member]:
    """A master, some administrators and general users, each suspended or not."""
    roles = [MASTER] + [ADMINISTRATOR] * draw(st.integers(0, 4)) + [GENERAL] * draw(st.integers(0, 4))
    return [Member(str(n), "A", role, is_able=draw(st.booleans())) for n, role in enumerate(roles)]


@given(companies())
def test_nobody_is_ever_stuck(company: list[Member]) -> None:
    """The company lifts whom it can, the institution whom nobody there can lift: in the end all are free, and
    the institution was needed once to get a company going, or for a master without an administrator.
    """
    people = {member.id: member for member in company}
    by_institution = 0
    while suspended := [member for member in people.values() if not member.is_able]:
        liftable = [member for member in suspended if lifters(member, people.values())]
        lifted = liftable[0] if liftable else suspended[0]
        by_institution += not liftable
        people[lifted.id] = replace(lifted, is_able=True)
    assert by_institution <= 1 or not any(member.role is ADMINISTRATOR for member in company)


@given(companies())
def test_whoever_lifts_is_somebody_else_who_manages_and_is_able(company: list[Member]) -> None:
    for suspended in company:
        able = [one for one in company if one.is_able and manages(one.role) and one.id != suspended.id]
        assert list(lifters(suspended, company)) == able
