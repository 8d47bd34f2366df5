"""What holds of any paths; Markov and Shapley against other ways to compute them."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_hub.attribution import MODELS, attribute, needing_only_paths, rules
from tests.attribution.given import conversions, touches

Path = tuple[str, int, Decimal, int]
FREQUENCIES = needing_only_paths()
UNIT = Decimal("1e-12")
CENT = Decimal("0.01")
counts = st.integers(0, 5)
path = st.tuples(st.text("ABCD", min_size=1, max_size=5), counts, st.decimals(-1000, 1000, places=2), counts)
paths = st.lists(path, min_size=1, max_size=6).map(lambda rows: [(rows[0][0], rows[0][1] + 1, *rows[0][2:]), *rows[1:]])
"""At least one of them converts."""
some = settings(max_examples=12, deadline=None)


def with_milestones(rows: list[Path]) -> pa.Table:
    """Touches with all that any model needs: the lead is created by the second touch, if there is one, the opportunity by the last."""
    lengths = [len(row[0]) for row in rows]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return touches(
        *rows,
        is_lead_creation=[[place == 1 for place in range(length)] for length in lengths],
        is_opportunity_creation=[[place == length - 1 for place in range(length)] for length in lengths],
        touched_at=[[start + timedelta(days=5 * place) for place in range(length)] for length in lengths],
    )


def by_touch(table: pa.Table) -> list[tuple[str, int, int, Decimal]]:
    """Model, path, position and credit of every touch that has any weight."""
    sql = rules.by_touch(rules.weights(rules.RULES))
    with duckdb.connect() as database:
        database.register("touches", table)
        return database.execute(f"select model, path_id, position, credit from ({sql}) order by all").fetchall()


def by_channel_of_each_path(rows: list[Path]) -> Counter[tuple[str, int, str]]:
    """Linear and U-shaped credits, to the cent, by model, path and channel."""
    credits_: Counter[tuple[str, int, str]] = Counter()
    for model, number, position, credit in by_touch(with_milestones(rows)):
        if model in ("linear", "u_shaped"):
            credits_[model, number, rows[number][0][position]] += credit
    return credits_


@some
@given(paths)
def test_credits_add_up_to_all_conversions_and_all_value(rows: list[Path]) -> None:
    found = attribute(with_milestones(rows), MODELS)
    for model in MODELS:
        credits_ = [each for each in found if each.model == model]
        assert sum(each.conversions for each in credits_) == sum(row[1] for row in rows)
        assert sum(each.value for each in credits_) == sum(row[2] for row in rows)
        assert all(each.value == each.value.quantize(CENT) for each in credits_)


@some
@given(paths)
def test_credits_of_touches_add_up_to_each_value_and_are_within_a_cent_of_their_weight(rows: list[Path]) -> None:
    table = with_milestones(rows)
    found = by_touch(table)
    for model, (number, row) in itertools.product(rules.RULES, enumerate(rows)):
        assert sum(credit for name, path_id, _, credit in found if (name, path_id) == (model, number)) == row[2]
    for _, number, _, credit in (each for each in found if each[0] == "linear"):
        assert abs(Fraction(credit) - Fraction(rows[number][2]) / len(rows[number][0])) < Fraction(1, 100)


@some
@given(paths)
def test_a_refund_takes_back_what_its_sale_gave(rows: list[Path]) -> None:
    back = [(steps, converted, -amount, lost) for steps, converted, amount, lost in rows]
    gave, took = attribute(with_milestones(rows), MODELS), attribute(with_milestones(back), MODELS)
    assert [(each.model, each.channel, each.value) for each in took] == [(each.model, each.channel, -each.value) for each in gave]
    sale, refund = by_touch(with_milestones(rows)), by_touch(with_milestones(back))
    assert refund == [(*key, -credit) for *key, credit in sale]


@some
@given(paths, st.randoms())
def test_the_order_of_middle_touches_changes_no_linear_or_u_shaped_credit(rows: list[Path], chance: object) -> None:
    shuffled = []
    for steps, *totals in rows:
        middle = list(steps[1:-1])
        chance.shuffle(middle)
        shuffled.append((steps if len(steps) < 3 else steps[0] + "".join(middle) + steps[-1], *totals))
    models = ("linear", "u_shaped")
    assert attribute(touches(*shuffled), models) == attribute(touches(*rows), models)
    assert by_channel_of_each_path(shuffled) == by_channel_of_each_path(rows)


@some
@given(paths, st.randoms())
def test_neither_the_order_of_rows_nor_how_journeys_are_taken_together_matters(rows: list[Path], chance: object) -> None:
    """Each path is split in two, one of one conversion at most, and all touches come in any order."""
    split = []
    for steps, converted, amount, lost in rows:
        one = min(converted, 1)
        split += [(steps, one, amount - 1, lost), (steps, converted - one, Decimal(1), 0)]
    table = touches(*split)
    order = list(range(table.num_rows))
    chance.shuffle(order)
    assert attribute(table.take(order), FREQUENCIES) == attribute(touches(*rows), FREQUENCIES)


@some
@given(paths, st.integers(2, 9))
def test_more_of_the_same_journeys_earn_more_of_the_same(rows: list[Path], times: int) -> None:
    # More journeys make an estimate surer: shares of the logistic model are not those of fewer.
    models = [model for model in FREQUENCIES if model != "logistic"]
    more = [(steps, converted * times, amount, lost * times) for steps, converted, amount, lost in rows]
    earned = {(each.model, each.channel): each for each in attribute(touches(*rows), models)}
    for each in attribute(touches(*more), models):
        before = earned[each.model, each.channel]
        assert abs(each.conversions - times * before.conversions) <= (times + 1) * 10 * UNIT
        assert each.value == before.value


@some
@given(paths, st.decimals("0.5", "3", places=4))
def test_it_is_the_same_to_convert_the_currency_before_or_after(rows: list[Path], rate: Decimal) -> None:
    converted = [(steps, each, (amount * rate).quantize(UNIT), lost) for steps, each, amount, lost in rows]
    before = {(each.model, each.channel): each for each in attribute(touches(*converted), FREQUENCIES)}
    for each in attribute(touches(*rows), FREQUENCIES):
        assert abs(before[each.model, each.channel].value - each.value * rate) <= (rate + 1) * CENT
        assert before[each.model, each.channel].conversions == each.conversions


@pytest.mark.parametrize("model", FREQUENCIES)
def test_the_only_channel_gets_all(model: str) -> None:
    (credit,) = attribute(touches(("A", 2, Decimal("9.99"), 4), ("AAA", 1, Decimal("0.02"), 0)), [model])
    assert (credit.conversions, credit.value) == (3, Decimal("10.01"))


def chain_without(rows: list[Path], order: int, removed: str | None) -> float:
    """P(conversion) when all states that hold the channel lead nowhere, by walking 2^14 steps."""
    flows: dict[tuple[object, object], float] = {}
    for steps, converted, _, lost in rows:
        states = [tuple("".join(["^", *steps])[max(0, end - order + 1) : end + 1]) for end in range(len(steps) + 1)]
        for source, target, weight in (
            *zip(states, states[1:], itertools.repeat(converted + lost)),
            (states[-1], True, converted),
            (states[-1], False, lost),
        ):
            flows[source, target] = flows.get((source, target), 0) + weight
    names = [*dict.fromkeys(source for source, _ in flows)]
    matrix, ends = np.zeros((len(names), len(names))), np.zeros(len(names))
    for (source, target), weight in flows.items():
        leaving = sum(each for (other, _), each in flows.items() if other == source)
        if not weight or removed in source or (target not in (True, False) and removed in target):
            continue
        if target is True:
            ends[names.index(source)] += weight / leaving
        elif target is not False:
            matrix[names.index(source), names.index(target)] = weight / leaving
    for _ in range(14):
        ends, matrix = ends + matrix @ ends, matrix @ matrix
    return ends[names.index(("^",))]


@some
@given(paths, st.sampled_from([1, 2]))
def test_markov_is_what_walking_the_chain_anew_without_each_channel_gives(rows: list[Path], order: int) -> None:
    whole = chain_without(rows, order, None)
    channels = sorted({channel for row in rows for channel in row[0]})
    effects = [1 - chain_without(rows, order, channel) / whole for channel in channels]
    found = conversions(touches(*rows), f"markov_{order}")
    for channel, effect in zip(channels, effects, strict=True):
        assert float(found[channel]) == pytest.approx(effect / sum(effects) * sum(row[1] for row in rows), abs=1e-9)


@some
@given(paths)
def test_shapley_is_the_mean_of_what_a_channel_adds_over_all_orders_of_coming(rows: list[Path]) -> None:
    def worth(members: set[str]) -> Fraction:
        fitting = [(row[1], row[1] + row[3]) for row in rows if set(row[0]) <= members]
        gone = sum(each for _, each in fitting)
        return Fraction(sum(each for each, _ in fitting), gone) if gone else Fraction(0)

    channels = sorted({channel for row in rows for channel in row[0]})
    orders = list(itertools.permutations(channels))
    added = dict.fromkeys(channels, Fraction(0))
    for order in orders:
        for place, channel in enumerate(order):
            added[channel] += (worth({*order[: place + 1]}) - worth({*order[:place]})) / len(orders)
    found = conversions(touches(*rows), "shapley")
    for channel in channels:
        expected = added[channel] / worth(set(channels)) * sum(row[1] for row in rows)
        assert abs(Fraction(found[channel]) - expected) < Fraction(1, 10**10)
