"""Who is told what, once: findings open and resolve incidents in an outbox, and a sender delivers its messages.

``findings`` says what is wrong now, ``notice`` writes it down, ``outbox`` remembers what has been told, ``sender`` tells it.
"""

from __future__ import annotations

from finance_hub.alerts.findings import Finding
from finance_hub.alerts.notice import failure_of, follow_up, notice_rules, notice_run, notice_sources
from finance_hub.alerts.outbox import Incident, NotOpenError, Outbox
from finance_hub.alerts.sender import deliver, start_sender

__all__ = [
    "Finding",
    "Incident",
    "NotOpenError",
    "Outbox",
    "deliver",
    "failure_of",
    "follow_up",
    "notice_rules",
    "notice_run",
    "notice_sources",
    "start_sender",
]
