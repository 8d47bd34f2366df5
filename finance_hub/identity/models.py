"""What is compared of two records, where pairs are looked for, and how much each agreement is worth until the firm's own data have told.

A model is a set of Fellegi-Sunter weights (Fellegi and Sunter, "A Theory for Record Linkage", 1969) as Splink keeps them: for every level
of every comparison ``m``, how often true pairs are at that level, and ``u``, how often any two records are. The ones that stand here are
used as they are where there are too few records to learn from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

MATCH_PROBABILITY = 0.95
"""From here on two records are one; below it a pair waits for a person, down to ``REVIEW_PROBABILITY``."""
REVIEW_PROBABILITY = 0.2
SOLE_PROBABILITY = 0.5
"""From here on a pair is one too if no field differs and neither record has another candidate: a name that only these two bear."""
RIVAL_MARGIN = 4.0
"""Of two candidates that are not one, the better must be better by this match weight (bits), or neither is taken."""
TRAIN_FROM_RECORDS = 1000
"""With fewer records of a kind, nothing is learned from them."""
STATED_WEIGHT = 20.0
"""What it adds to a match weight (bits) that a tool itself says which record of the CRM is the same: much, and not all there is to say."""
PRIOR = 0.001
"""How likely two records are one before anything is known of them; of an entity with more than a thousand records 1 / n."""
LEAST_SHARE = 0.001
"""Pairs of one system's records, or of two systems', are taken to be at least so many of all: where each company has one, there are none else."""
WIDEST_BLOCK = 60
"""A key that more records of one company share (a switchboard's number, a portal's domain) is no reason to compare them."""


@dataclass(frozen=True)
class Level:
    """One way in which a field of two records (``l`` and ``r``) agrees, and what it is worth before anything is learned."""

    label: str
    sql: str
    m: float
    u: float
    rare: str | None = None
    """The column whose frequent values are worth less than its rare ones."""


@dataclass(frozen=True)
class Comparison:
    """A field: its levels from the best on. ``unknown`` says when it tells nothing; who agrees at no level differs."""

    name: str
    unknown: str | None
    levels: tuple[Level, ...]
    differs_m: float
    differs_u: float

    def as_settings(self) -> dict[str, Any]:
        """The comparison as Splink's settings have it."""
        unknown = {"sql_condition": self.unknown, "label_for_charts": "unknown", "is_null_level": True}
        levels = [
            {"sql_condition": level.sql, "label_for_charts": level.label, "m_probability": level.m, "u_probability": level.u}
            | ({"tf_adjustment_column": level.rare, "tf_minimum_u_value": 0.00002} if level.rare else {})
            for level in self.levels
        ]
        differs = {
            "sql_condition": "ELSE",
            "label_for_charts": "differs",
            "m_probability": self.differs_m,
            "u_probability": self.differs_u,
        }
        return {"output_column_name": self.name, "comparison_levels": [*([unknown] if self.unknown else []), *levels, differs]}


@dataclass(frozen=True)
class Kind:
    """Firms or persons: what is compared, the keys under which pairs are looked for, and those under which weights are learned."""

    name: str
    comparisons: tuple[Comparison, ...]
    blocks: tuple[tuple[str, ...], ...]
    training_blocks: tuple[tuple[str, ...], ...]

    def settings(self, *, only_changed: bool = False) -> dict[str, Any]:
        """Settings of a Splink model with the weights that stand here; ``only_changed`` pairs those that have a changed record."""
        changed = " and (l.is_changed or r.is_changed)" if only_changed else ""
        rules = [" and ".join(f"l.{key} = r.{key}" for key in ("entity_id", *keys)) + changed for keys in self.blocks]
        return {
            "link_type": "dedupe_only",
            "unique_id_column_name": "record_key",
            "probability_two_random_records_match": PRIOR,
            "comparisons": [comparison.as_settings() for comparison in self.comparisons],
            "blocking_rules_to_generate_predictions": [{"blocking_rule": rule, "sql_dialect": "duckdb"} for rule in rules],
            "retain_intermediate_calculation_columns": False,
            "retain_matching_columns": False,
            "additional_columns_to_retain": [],
            "em_convergence": 0.001,
            "max_iterations": 12,
            "linker_uid": self.name,
        }

    def settings_hash(self) -> str:
        """What a kept model must have been made with, to be used."""
        return hashlib.sha256(json.dumps(self.settings(), sort_keys=True).encode()).hexdigest()[:16]


def _same(column: str) -> str:
    return f"{column}_l = {column}_r"


def _unknown(*columns: str) -> str:
    return " or ".join(f"{column}_{side} is null" for column in columns for side in "lr")


_SAME_BOOK = Comparison(
    "same_system",
    None,
    (Level("yes", _same("connection_id"), 0.03, 0.35),),
    0.97,
    0.65,
)
"""A system seldom has one twice: two of its records need more to be one than two systems' do."""

_PHONE = Comparison("phone", _unknown("phone_key"), (Level("same", _same("phone_key"), 0.95, 0.00005),), 0.05, 0.99995)

FIRM = Kind(
    "firm",
    (
        # A domain is mostly made of the name: both together are one piece of evidence, not two.
        Comparison(
            "name",
            "(name_key_l is null or name_key_r is null) and (domain_l is null or domain_r is null)",
            (
                Level("name and domain same", f"{_same('name_key')} and {_same('domain')}", 0.62, 0.00006),
                Level("domain same", _same("domain"), 0.1, 0.00002),
                Level("name same, domain unknown", f"{_same('name_key')} and ({_unknown('domain')})", 0.2, 0.000022),
                Level("name same, domain another", _same("name_key"), 0.05, 0.00003),
                Level("name alike", "jaro_winkler_similarity(name_key_l, name_key_r) >= 0.94", 0.025, 0.002),
            ),
            0.005,
            0.997868,
        ),
        Comparison("tax_id", _unknown("tax_key"), (Level("same", _same("tax_key"), 0.98, 0.00002),), 0.02, 0.99998),
        _PHONE,
        Comparison(
            "address",
            "(street_key_l is null and postal_key_l is null) or (street_key_r is null and postal_key_r is null)",
            (
                Level("same", f"{_same('street_key')} and {_same('postal_key')}", 0.85, 0.00001),
                Level(
                    "same postal code",
                    f"{_same('postal_key')} and (street_key_l is null or street_key_r is null"
                    " or jaro_winkler_similarity(street_key_l, street_key_r) >= 0.8)",
                    0.1,
                    0.00005,
                ),
            ),
            0.05,
            0.99994,
        ),
        # Whom the books bill has bought: a firm of the CRM that never did is hardly the one.
        Comparison(
            "bought",
            f"system_role_l = system_role_r or {_unknown('is_buyer')}",
            (Level("yes", "is_buyer_l and is_buyer_r", 0.97, 0.15),),
            0.03,
            0.85,
        ),
        _SAME_BOOK,
    ),
    blocks=(("block_name",), ("block_domain",), ("tax_key",), ("block_phone",), ("street_key", "postal_key")),
    training_blocks=(("block_name",), ("block_phone",)),
)

PERSON = Kind(
    "person",
    (
        Comparison(
            "email",
            _unknown("email"),
            (
                Level("same", _same("email"), 0.94, 0.00003),
                # Two of one name in one house are told apart by a number.
                Level(
                    "same but for a number",
                    "regexp_replace(email_l, '[0-9]', '', 'g') = regexp_replace(email_r, '[0-9]', '', 'g')",
                    0.0002,
                    0.005,
                ),
                Level(
                    "alike",
                    "jaro_winkler_similarity(email_l, email_r) >= 0.97"
                    " or (split_part(email_l, '@', 1) = split_part(email_r, '@', 1) and length(split_part(email_l, '@', 1)) >= 7)",
                    0.03,
                    0.001,
                ),
            ),
            0.0298,
            0.99397,
        ),
        Comparison(
            "name",
            _unknown("name_key"),
            (
                Level("same", _same("name_key"), 0.93, 0.001, rare="name_key"),
                Level(
                    "alike",
                    "jaro_winkler_similarity(name_key_l, name_key_r) >= 0.93"
                    f" or ({_same('family_key')} and left(given_key_l, 1) = left(given_key_r, 1))"
                    " or (given_key_l = family_key_r and family_key_l = given_key_r)",
                    0.05,
                    0.003,
                ),
            ),
            0.02,
            0.996,
        ),
        _PHONE,
        Comparison("employer", _unknown("domain"), (Level("same", _same("domain"), 0.96, 0.0005),), 0.04, 0.9995),
        _SAME_BOOK,
    ),
    blocks=(("email",), ("block_phone",), ("name_key", "block_domain")),
    training_blocks=(("email",), ("block_phone",)),
)

KINDS = {kind.name: kind for kind in (FIRM, PERSON)}
