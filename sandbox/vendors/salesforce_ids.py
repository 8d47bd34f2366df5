"""Ids as one Salesforce organisation gives them, for all emulators that show them: Salesforce itself and the systems that sync with it."""

from __future__ import annotations

import hashlib
import string

import duckdb

LEAD, CONTACT, ACCOUNT, CAMPAIGN = "00Q", "003", "001", "701"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECK = string.ascii_uppercase + "012345"
SHORT, _PART = 15, 5


def salesforce_id(prefix: str, key: str) -> str:
    """The 18-character id of a record: object prefix, base-62 digest of its key in the simulated company, and the checksum.

    >>> salesforce_id("001", "org-us-000001")[:3], len(salesforce_id("001", "org-us-000001"))
    ('001', 18)
    """
    number = int.from_bytes(hashlib.blake2b(f"{prefix}|{key}".encode(), digest_size=16).digest())
    digits = []
    for _ in range(SHORT - len(prefix)):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return checked(prefix + "".join(digits))


def register(db: duckdb.DuckDBPyConnection, entities: str) -> None:
    """Make the table ``crm`` (prefix, key, id) of the records that more than one emulator shows.

    ``entities`` is a condition on the company's entities, attached as ``source``; keys are those of the simulated company.
    """
    ours = f"semi join (from source.company.entity where {entities}) using (entity_id)"
    keys = {
        LEAD: f"select lead_id from source.company.lead {ours}",
        CONTACT: f"select person_id from source.company.person join source.company.organization using (organization_id) {ours}",
        ACCOUNT: f"select organization_id from source.company.organization {ours}",
        CAMPAIGN: f"select campaign_id from source.company.campaign {ours}",
    }
    rows = [(prefix, key, salesforce_id(prefix, key)) for prefix, sql in keys.items() for (key,) in db.execute(sql).fetchall()]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    ids = "select unnest($1::varchar[]) as prefix, unnest($2::varchar[]) as key, unnest($3::varchar[]) as id"
    db.execute(f"create table crm as {ids}", columns)


def checked(short: str) -> str:
    """A 15-character id with its three check characters: one for five, whose bits tell which of them are capitals."""
    suffix = ""
    for start in range(0, SHORT, _PART):
        capitals = sum(1 << place for place, letter in enumerate(short[start : start + _PART]) if letter in string.ascii_uppercase)
        suffix += _CHECK[capitals]
    return short + suffix
