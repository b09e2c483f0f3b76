"""Figures of a storm, for people and for docs/benchmarks.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

from tests.faults.storm.plan import NATURES
from tests.faults.storm.run import Storm


def report(storm: Storm) -> Iterator[str]:
    """Lines of Markdown."""
    attempts, troubles = storm.ledger.attempts, storm.ledger.troubles
    unknown = sum(one.is_unknown for one in attempts)
    met = sum(bool(one.meanwhile) for one in attempts)
    yield (
        f"{storm.plan.database}, seed {storm.plan.seed}: {len(troubles)} faults in {storm.took_s:.0f} s, "
        f"{len(attempts)} requests ({met} while something was broken, {unknown} without an answer)"
    )
    yield ""
    yield "| fault | times | works again after (median, longest) |"
    yield "| --- | --- | --- |"
    for kind in NATURES:
        times = [one.recovery_s for one in troubles if one.kind is kind and one.recovery_s is not None]
        if times:
            yield f"| {kind} | {len(times)} | {median(times):.2f} s, {max(times):.2f} s |"
    yield ""
    yield "| request | answers |"
    yield "| --- | --- |"
    answers: dict[str, Counter[str]] = {}
    for one in attempts:
        name = f"{one.act}, a code that is {one.code}" if one.code else str(one.act)
        told = one.answer.get("reason") or one.answer.get("outcome") or one.answer.get("error")
        answers.setdefault(name, Counter())[str(told or ("done" if one.is_accepted else one.status))] += 1
    for name in sorted(answers):
        counted = ", ".join(f"{n} {what}" for what, n in answers[name].most_common())
        yield f"| {name} | {counted} |"
