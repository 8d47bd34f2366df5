"""Allocation of cost between departments: textbook cases, and properties that hold of any."""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from fractions import Fraction
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finance_hub import models

CENT = Decimal("0.01")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fct_allocation", models.PROJECT / "models" / "core" / "fct_allocation.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


allocation = _load()
# Two service departments and two that produce: heads served, as in cost accounting's usual example.
COSTS = {"Personnel": Decimal(116000), "Computing": Decimal(160000), "Milling": Decimal(400000), "Assembly": Decimal(200000)}
QUANTITIES = {
    "heads": {"Computing": Decimal(20), "Milling": Decimal(40), "Assembly": Decimal(40), "Personnel": Decimal(0)},
    "hours": {"Personnel": Decimal(20), "Milling": Decimal(60), "Assembly": Decimal(20)},
}


def rules(method: str) -> list[dict[str, str]]:
    return [
        {"rule_id": "p", "method": method, "from_department": "Personnel", "driver": "heads"},
        {"rule_id": "c", "method": method, "from_department": "Computing", "driver": "hours"},
    ]


def borne(method: str) -> dict[str, Decimal]:
    """What each department bears in the end."""
    total = dict(COSTS)
    for _, source, target, _, amount, status in allocation.allocate(COSTS, rules(method), QUANTITIES, CENT):
        assert status == "ok"
        total[source] -= amount
        total[target] = total.get(target, Decimal(0)) + amount
    return total


def test_directly_only_those_that_pass_nothing_on_receive() -> None:
    assert borne("direct") == {
        "Personnel": 0,
        "Computing": 0,
        "Milling": 400000 + 58000 + 120000,
        "Assembly": 200000 + 58000 + 40000,
    }


def test_step_by_step_a_department_passes_on_what_it_received_and_never_back() -> None:
    computing = Decimal(160000) + Decimal(116000) * 20 / 100
    assert borne("step_down") == {
        "Personnel": 0,
        "Computing": 0,
        "Milling": 400000 + Decimal(46400) + computing * 60 / 80,
        "Assembly": 200000 + Decimal(46400) + computing * 20 / 80,
    }


def test_at_once_departments_serve_each_other() -> None:
    """P = 116,000 + 0.2 C and C = 160,000 + 0.2 P: P = 154,166.67, C = 190,833.33."""
    personnel, computing = Fraction(148000) / Fraction("0.96"), Fraction(183200) / Fraction("0.96")
    told = borne("reciprocal")
    assert abs(told["Milling"] - Decimal(float(400000 + personnel * 40 / 100 + computing * 60 / 100))) < Decimal("0.02")
    assert told["Personnel"] + told["Computing"] == 0 or abs(told["Personnel"]) + abs(told["Computing"]) <= Decimal("0.02")
    assert sum(told.values()) == sum(COSTS.values())


def test_without_a_driver_the_cost_stays_and_says_so() -> None:
    found = allocation.allocate(COSTS, rules("direct")[:1], {"heads": {}}, CENT)
    assert [(target, amount, status) for _, _, target, _, amount, status in found] == [(None, Decimal(116000), "no_driver")]


@given(
    amount=st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    quantities=st.dictionaries(st.text(min_size=1, max_size=3), st.integers(min_value=1, max_value=10**6), min_size=1, max_size=12),
)
def test_parts_add_up_to_the_whole_and_are_within_a_cent_of_their_share(amount: Decimal, quantities: dict[str, int]) -> None:
    shares = allocation.shares_of(quantities, set())
    parts = allocation.split(amount, shares, CENT)
    assert sum(parts.values()) == amount
    for key, part in parts.items():
        assert abs(Fraction(part) - Fraction(amount) * shares[key]) < Fraction(1, 100)


@pytest.mark.parametrize("amount", [Decimal("100.00"), Decimal("-100.00"), Decimal("0.01")])
def test_odd_cents_go_to_the_largest_remainders(amount: Decimal) -> None:
    parts = allocation.split(amount, {"a": Fraction(1, 3), "b": Fraction(1, 3), "c": Fraction(1, 3)}, CENT)
    assert sum(parts.values()) == amount
    assert max(parts.values()) - min(parts.values()) <= CENT
