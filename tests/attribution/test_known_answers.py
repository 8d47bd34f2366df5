"""Credits worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import duckdb
import pytest

from finance_hub.attribution import AttributionError, attribute, rules
from tests.attribution.given import conversions, touches, value

UNIT = Fraction(1, 10**12)
# P(conversion) = 3/6. Of six journeys four begin with A.
TWO_CHANNELS = touches(("AB", 2, 60, 0), ("A", 0, 0, 2), ("B", 1, 30, 1))
VISITS = touches((["A", "direct", "B", "Direct"], 10, 100, 3))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("first", {"A": 10, "B": 0, "direct": 0, "Direct": 0}),
        ("last", {"A": 0, "B": 0, "direct": 0, "Direct": 10}),
        ("last_non_direct", {"A": 0, "B": 10, "direct": 0, "Direct": 0}),
        ("linear", {"A": Decimal("2.5"), "B": Decimal("2.5"), "direct": Decimal("2.5"), "Direct": Decimal("2.5")}),
        ("u_shaped", {"A": 4, "B": 1, "direct": 1, "Direct": 4}),
    ],
)
def test_rules_divide_a_path_over_its_touches(model: str, expected: dict[str, Decimal]) -> None:
    assert conversions(VISITS, model) == expected
    assert value(VISITS, model) == {channel: 10 * each for channel, each in expected.items()}


def test_short_paths() -> None:
    alone, pair = touches(("A", 1, 1, 0)), touches(("AB", 1, 1, 0))
    assert conversions(alone, "u_shaped") == {"A": 1}
    assert conversions(pair, "u_shaped") == {"A": Decimal("0.5"), "B": Decimal("0.5")}
    assert conversions(touches((["direct", "Direct"], 1, 1, 0)), "last_non_direct") == {"direct": 0, "Direct": 1}


def test_the_odd_cent_goes_to_the_largest_remainder_then_by_name() -> None:
    assert value(touches(("CBA", 1, 100, 0)), "linear") == {
        "A": Decimal("33.34"),
        "B": Decimal("33.33"),
        "C": Decimal("33.33"),
    }
    exact = touches(("AB", 1, Decimal("0.005"), 0))
    assert value(exact, "linear") == {"A": Decimal("0.003"), "B": Decimal("0.002")}, "a total below the cent is kept whole"


def test_markov_of_order_one() -> None:
    """A passes on 2 of 4 to B, B converts 3 of 4. Without A 1/3 * 3/4 = 1/4 remains of 1/2; without B nothing: effects 1/2 and 1."""
    assert conversions(TWO_CHANNELS, "markov_1") == {"A": 1, "B": 2}
    assert value(TWO_CHANNELS, "markov_1") == {"A": 30, "B": 60}


def test_markov_of_order_two() -> None:
    """B after A converts always, B at first 1 of 2. Without A 1/3 * 1/2 = 1/6 remains of 1/2: effects 2/3 and 1."""
    assert conversions(TWO_CHANNELS, "markov_2") == {"A": Decimal("1.2"), "B": Decimal("1.8")}
    assert value(TWO_CHANNELS, "markov_2") == {"A": 36, "B": 54}


def test_a_repeated_touch_changes_no_removal_effect_of_order_one() -> None:
    repeated = touches(("AAAB", 2, 60, 0), ("A", 0, 0, 2), ("BB", 1, 30, 1))
    assert conversions(repeated, "markov_1") == conversions(TWO_CHANNELS, "markov_1")


def test_shapley_of_two_channels() -> None:
    """v(A) = 0/2, v(B) = 1/2, v(AB) = 3/6: A adds nothing to either."""
    assert conversions(TWO_CHANNELS, "shapley") == {"A": 0, "B": 3}


def test_shapley_of_a_channel_that_lowers_the_rate_is_negative() -> None:
    """v(A) = 3/4, v(B) = 0 as nobody used B alone, v(AB) = 4/8: 5/8 and -1/8 of 1/2."""
    table = touches(("A", 3, 70, 1), ("BA", 1, 30, 3))
    assert conversions(table, "shapley") == {"A": 5, "B": -1}
    assert value(table, "shapley") == {"A": 125, "B": -25}


def test_amounts_that_are_whole_stay_whole_beside_those_of_the_other_sign() -> None:
    """v(E) = 3/8, v(SED) = 15/50, else 0: 7/6 of 15 conversions and 5,700 for E, -1/12 each for the others."""
    table = touches((["search", "email", "direct"], 12, 4800, 30), (["email"], 3, 900, 5))
    assert value(table, "shapley") == {"email": 6650, "search": -475, "direct": -475}
    assert conversions(table, "shapley") == {"email": Decimal("17.5"), "search": Decimal("-1.25"), "direct": Decimal("-1.25")}


def test_shapley_of_three_channels() -> None:
    """v(A) = v(AB) = v(AC) = 1, v(BC) = 1/2, v(ABC) = 2/5, v(B) = v(C) = 0: 19/30 and twice -7/60 of 2/5."""
    found = conversions(touches(("A", 1, 1, 0), ("CBC", 1, 1, 1), ("ABC", 0, 0, 2)), "shapley")
    for channel, expected in {"A": Fraction(19, 6), "B": Fraction(-7, 12), "C": Fraction(-7, 12)}.items():
        assert abs(Fraction(found[channel]) - expected) <= UNIT


def test_a_channel_of_lost_journeys_only() -> None:
    """It takes part in no conversion; for Shapley v(A) = 1, v(N) = 0, v(AN) = 1/2: 3/4 and -1/4 of 1/2."""
    table = touches(("A", 1, 1, 0), ("N", 0, 0, 1))
    for model in ("linear", "markov_1", "markov_2"):
        assert conversions(table, model) == {"A": 1, "N": 0}
    assert conversions(table, "shapley") == {"A": Decimal("1.5"), "N": Decimal("-0.5")}


def test_a_path_that_nobody_went_has_no_say() -> None:
    table = touches(("A", 1, 1, 0), ("BA", 0, 0, 0))
    for model in ("linear", "markov_1", "markov_2", "shapley"):
        assert conversions(table, model) == {"A": 1, "B": 0}


def test_without_conversions_there_is_nothing_to_give() -> None:
    table = touches(("AB", 0, 0, 3))
    for model in ("first", "markov_1", "markov_2", "shapley"):
        assert conversions(table, model) == {"A": 0, "B": 0}
    with pytest.raises(AttributionError, match="'markov_1' has nothing to divide the value by"):
        attribute(touches(("A", 0, 5, 3)), ["markov_1"])


def test_credits_stand_in_the_order_asked_the_most_first_then_by_name() -> None:
    table = touches(("BCA", 2, 10, 0), ("B", 1, 5, 0))
    found = [(each.model, each.channel) for each in attribute(table, ["last", "linear", "last"])]
    assert found == [("last", "A"), ("last", "B"), ("last", "C"), ("linear", "B"), ("linear", "A"), ("linear", "C")]


def test_more_channels_than_can_be_solved_exactly_are_refused_in_numbers() -> None:
    many = touches(([str(number) for number in range(24)], 1, 1, 0))
    with pytest.raises(AttributionError, match="up to 23 channels, and these paths have 24: group the rarest"):
        attribute(many, ["shapley"])
    states = touches(([str(number) for number in range(6001)], 1, 1, 0))
    with pytest.raises(AttributionError, match="up to 6,000 states, and these paths have 6,001"):
        attribute(states, ["markov_1"])


def test_models_that_need_more_than_paths_say_what() -> None:
    with pytest.raises(AttributionError, match="There is no model 'lineal'; known are: first, last"):
        attribute(VISITS, ["linear", "lineal"])
    for model, needed in {
        "w_shaped": "created the lead",
        "full_path": "created the opportunity",
        "time_decay": "time of each touch",
    }.items():
        with pytest.raises(AttributionError, match=f"'{model}' needs to know .*{needed}"):
            attribute(VISITS, [model])


def weights(model: str, length: int, *, lead: int | None = None, opportunity: int | None = None) -> list[Fraction]:
    """Weights of one path's touches, whose milestones are on the positions given, from 1."""
    positions = range(1, length + 1)
    table = touches(
        ("A" * length, 1, 1, 0),
        is_lead_creation=[[position == lead for position in positions]],
        is_opportunity_creation=[[position == opportunity for position in positions]],
    )
    with duckdb.connect() as database:
        database.register("touches", table)
        sql = f"select place, numerator, denominator from ({rules.weights([model])}) order by place"
        return [Fraction(numerator, denominator) for _, numerator, denominator in database.execute(sql).fetchall()]


@pytest.mark.parametrize(
    ("model", "length", "lead", "opportunity", "expected"),
    [
        ("w_shaped", 4, 2, 3, ".3 .3 .3 .1"),
        ("w_shaped", 5, 2, 5, ".3 .3 .05 .05 .3"),
        ("w_shaped", 3, 1, 1, ".9 .05 .05"),
        ("w_shaped", 2, 2, 2, "1/3 2/3"),
        ("w_shaped", 1, 1, 1, "1"),
        ("w_shaped", 3, None, None, ".75 .125 .125"),
        ("full_path", 5, 2, 4, ".225 .225 .1 .225 .225"),
        ("full_path", 4, 1, 4, ".45 .05 .05 .45"),
        ("full_path", 2, 1, 2, ".5 .5"),
        ("full_path", 1, None, None, "1"),
    ],
)
def test_milestones(model: str, length: int, lead: int | None, opportunity: int | None, expected: str) -> None:
    found = weights(model, length, lead=lead, opportunity=opportunity)
    assert found == [Fraction(each) for each in expected.split()]


def test_time_decay_halves_with_each_half_life() -> None:
    times = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 8, 15)]
    table = touches(("ABC", 7, 700, 0), touched_at=[times])
    found = {each.channel: (each.conversions, each.value) for each in attribute(table, ["time_decay"])}
    assert {channel: round(each, 9) for channel, (each, _) in found.items()} == {"A": 1, "B": 2, "C": 4}
    assert {channel: each for channel, (_, each) in found.items()} == {"A": 100, "B": 200, "C": 400}
    slower = attribute(table, ["time_decay"], half_life_days=14)
    ratio = next(each.conversions for each in slower if each.channel == "C") / next(
        each.conversions for each in slower if each.channel == "A"
    )
    assert round(ratio, 9) == 2
