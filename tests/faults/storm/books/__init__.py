"""What must hold after a storm, each rule by itself; `violations` runs them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.faults.storm.books import acts, ends, log, mails, seeds, states
from tests.faults.storm.books.evidence import Evidence

Rule = Callable[[Evidence], list[str]]

RULES: Final[dict[str, Rule]] = {
    "every accepted act is there once, every refused one is not": acts.told_as_done,
    "nobody acted whom we do not know": acts.nobody_else,
    "no answer is a fault of the program": acts.no_fault_of_ours,
    "no code is accepted twice": acts.no_code_twice,
    "no wrong, used or dead code is accepted": acts.nothing_fails_open,
    "nothing is accepted of a token that is suspended or ended": states.nothing_after_its_time,
    "tokens stand where the log says": states.as_the_log_says,
    "no token is half created": states.none_half_created,
    "one open token a customer, one a fob, a job only where one waits": states.one_of_each,
    "every end is told to the host once": ends.told_to_the_host,
    "no seed is in two places, none outlives its token": seeds.in_one_place,
    "who is bound to a fob holds its seed": seeds.bound_by_it,
    "every mail owed was sent": mails.sent,
    "mails come twice only where a try was lost": mails.not_in_vain,
    "every act that owes a mail owes one": mails.owed,
    "the audit log is whole": log.whole,
}


def violations(evidence: Evidence) -> dict[str, list[str]]:
    """What each rule has to say, rules that hold left out."""
    found = {name: rule(evidence) for name, rule in RULES.items()}
    return {name: said for name, said in found.items() if said}
