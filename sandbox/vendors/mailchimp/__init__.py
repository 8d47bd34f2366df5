"""Mailchimp: the Marketing API 3.0 with lists, campaigns, reports, a web shop's orders and automations; API keys and OAuth.

What the simulation does not tell, this emulator adds, the same each time: which reader of a mailing opened it and when, who left the
list, the copies of mailings that were thrown away, two automations. The counts of a mailing are those of the company.
"""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.mailchimp.app import API_KEY, NAME, MailchimpApi
from sandbox.vendors.mailchimp.store import MailchimpStore
from sandbox.vendors.wire import Vendor, VirtualClock


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows the marketing by e-mail of one entity, as of the clock's horizon."""
    store = MailchimpStore(company, NAME)
    store.move(clock.horizon)
    api = MailchimpApi(store, clock, limits=limits)
    keys = {"system": NAME, "entity": store.name, "api_key": API_KEY, "base_url": "{url}/mailchimp/3.0"}
    return Vendor(NAME, api.app(), store.move, api.error, {"mailchimp_bf": keys})


def identifiers(company: Path) -> dict[str, dict[str, str]]:
    """Kind of record -> id in the simulated company -> id in this Mailchimp, for those who score what was found against the truth."""
    return MailchimpStore(company, NAME).identifiers()


__all__ = ["NAME", "identifiers", "vendor"]
