"""Which record of each tool is which of the simulated company: for those who score what was found against the truth."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors import hubspot, mailchimp, marketo, pipedrive, salesforce


def identifiers(company: Path) -> dict[str, dict[str, dict[str, str]]]:
    """System -> kind of record -> key in the simulated company -> the tool's own id, of every tool that knows customers or people."""
    return {system.NAME: system.identifiers(company) for system in (salesforce, hubspot, pipedrive, marketo, mailchimp)}
