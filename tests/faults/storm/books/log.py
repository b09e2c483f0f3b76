"""The audit log verifies: entries, tree and the checkpoints that the worker signed meanwhile."""

from __future__ import annotations

from provisioning.errors import AuditBroken
from provisioning.jobs.seal_audit import sweep_audit
from provisioning.jobs.verify_audit import VerifyAuditCommand, verify_audit
from tests.faults.storm.books.evidence import Evidence


def whole(evidence: Evidence) -> list[str]:
    """After what waited was sealed."""
    latest = max(entry.at for entry in evidence.entries)
    try:
        sweep_audit(evidence.services, latest)
        verified = verify_audit(evidence.services, VerifyAuditCommand())
    except AuditBroken as broken:
        return [f"{broken.fault} at entry {broken.entry}"]
    if verified.size != len(evidence.entries):
        return [f"{verified.size} entries are sealed of {len(evidence.entries)}"]
    return [] if verified.checkpoints else ["no checkpoint was signed"]
