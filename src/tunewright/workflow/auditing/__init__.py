"""``tunewright audit`` and what follows from its findings: approvals, the privacy gate, redacted copies."""
