"""Credits of single touches: weights add up to one and credits to the amount, whatever the model."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_hub.attribution import MODELS
from finance_hub.attribution.credits import DATA_DRIVEN
from finance_hub.attribution.touches import EFFECTS, channel_effects, read_channels, touch_credits
from finance_hub.models import PROJECT

MONEY = pa.decimal128(38, 12)
Path = tuple[str, list[str], str]
"""Identity, channels in their order, amount; an amount of '' is a journey without a conversion."""


def table(paths: list[Path], entity: str = "e", *, decided: bool = True) -> pa.Table:
    """One row for each touch, an hour apart; the first creates the lead, the second the opportunity."""
    rows = [
        {
            "entity_id": entity,
            "path_id": path_id,
            "touch_id": f"{path_id}-{place}",
            "position": place,
            "channel": channel,
            "conversions": Decimal(int(amount != "")),
            "nulls": Decimal(int(amount == "")),
            "value": Decimal(amount or 0),
            "is_decided": decided,
            "channel_basis": "campaign",
            "is_lead_creation": place == 1,
            "is_opportunity_creation": place == 2,
            "touched_at": datetime.fromisoformat("2026-01-01") + timedelta(hours=place),
        }
        for path_id, channels, amount in paths
        for place, channel in enumerate(channels, 1)
    ]
    kinds = {
        "entity_id": pa.string(),
        "path_id": pa.string(),
        "touch_id": pa.string(),
        "position": pa.int64(),
        "channel": pa.string(),
        "channel_basis": pa.string(),
    }
    kinds |= dict.fromkeys(("conversions", "nulls", "value"), MONEY)
    kinds |= {
        "is_decided": pa.bool_(),
        "is_lead_creation": pa.bool_(),
        "is_opportunity_creation": pa.bool_(),
        "touched_at": pa.timestamp("us"),
    }
    return pa.Table.from_pylist(rows, schema=pa.schema(list(kinds.items())))


NOTHING_READ = pa.table(
    {"seen_channel_id": pa.array([], pa.string()), "channel_id": pa.array([], pa.string()), "share": pa.array([], pa.float64())}
)


def effects_of(touches: pa.Table, readings: pa.Table = NOTHING_READ) -> pa.Table:
    """Effects of channels, with touches read as parts of touches."""
    with duckdb.connect() as database:
        database.register("touches", touches)
        database.register("readings", readings)
        return channel_effects(touches, database.execute(read_channels("touches", "readings")).to_arrow_table())


def credited(
    touches: pa.Table, effects: pa.Table, readings: pa.Table = NOTHING_READ, *, places: int = 2
) -> list[tuple[str, str, str, Decimal, Decimal]]:
    """(model, path, touch, weight, credit) of every converting path."""
    with duckdb.connect() as database:
        database.register("every_touch", touches)
        database.register("effects", effects)
        database.register("readings", readings)
        database.execute("create table converting as from every_touch where conversions > 0")
        sql = touch_credits("converting", "effects", "readings", places=places)
        return database.execute(f"select model, path_id, touch_id, weight, credit from ({sql}) order by all").fetchall()


def test_a_data_driven_model_weighs_a_touch_by_what_its_channel_is_worth_in_all_journeys() -> None:
    """By hand: without ads nothing converts; mail is in every second journey, and half of what has it converts anyhow."""
    touches = table([("one", ["ads", "mail"], "100"), ("two", ["ads"], "10"), ("three", ["mail"], "")])
    effects = {(row["attribution_model"], row["channel_id"]): row for row in effects_of(touches).to_pylist()}
    assert {model for model, _ in effects} == set(DATA_DRIVEN)
    assert all((row["journeys"], row["conversions"]) == (3, 2) for row in effects.values())
    # Order 1: start to ads 2/3, ads to mail 1/2 and to a conversion 1/2, mail to a conversion 1/2: without ads a sixth is left of two thirds.
    markov = {channel: row["effect_share"] for (model, channel), row in effects.items() if model == "markov_1"}
    ads, mail = 1 - (1 / 6) / (2 / 3), 1 - (1 / 3) / (2 / 3)
    assert markov == pytest.approx({"ads": ads / (ads + mail), "mail": mail / (ads + mail)})
    given = {
        touch: (weight, credit) for model, _, touch, weight, credit in credited(touches, effects_of(touches)) if model == "markov_1"
    }
    assert given == {
        "one-1": (Decimal("0.6"), Decimal(60)),
        "one-2": (Decimal("0.4"), Decimal(40)),
        "two-1": (Decimal(1), Decimal(10)),
    }


def test_channels_that_do_harm_weigh_nothing_and_where_all_do_the_touches_are_equal() -> None:
    touches = table([("mixed", ["good", "bad"], "9"), ("bad", ["bad", "bad", "bad"], "10")])
    effects = pa.table(
        [["e", "e"], ["shapley", "shapley"], ["good", "bad"], [0.5, -0.1], [1.25, -0.25], [1, 4], [9, 9], [2, 2]], schema=EFFECTS
    )
    given = {touch: (weight, credit) for model, _, touch, weight, credit in credited(touches, effects) if model == "shapley"}
    third = Decimal("0.333333333333")
    assert given == {
        "mixed-1": (Decimal(1), Decimal(9)),
        "bad-1": (third, Decimal("3.34")),
        "bad-2": (third + Decimal("1e-12"), Decimal("3.33")),
        "bad-3": (third, Decimal("3.33")),
    }


def test_an_entity_without_a_conversion_has_no_effects_and_others_are_not_mixed() -> None:
    both = pa.concat_tables([table([("a", ["x"], "1"), ("b", ["y"], "")], "one"), table([("c", ["x"], "")], "none")])
    rows = effects_of(both).to_pylist()
    assert {row["entity_id"] for row in rows} == {"one"}
    assert {row["channel_id"]: row["effect_share"] for row in rows if row["attribution_model"] == "markov_1"} == {
        "x": 1.0,
        "y": 0.0,
    }


def test_odds_are_learned_from_decided_deals_of_all_entities_and_from_all_journeys_where_no_deal_was_lost() -> None:
    """Who never comes to a deal says nothing of winning; where the CRM keeps no lost deals, it is all there is to compare with."""
    won = [(f"w{number}", ["ads"] * (1 + number % 2) + ["event"] * (number % 3 > 0), "1") for number in range(60)]
    lost = [(f"l{number}", ["ads"] * (1 + number % 2) + ["event"] * (number % 3 == 0), "") for number in range(60)]
    visitors = [(f"v{number}", ["event"], "") for number in range(500)]

    def event_over_ads(*parts: pa.Table) -> dict[str, float]:
        rows = effects_of(pa.concat_tables(parts)).to_pylist()
        odds = {(row["entity_id"], row["channel_id"]): row["effect"] for row in rows if row["attribution_model"] == "logistic"}
        return {entity: odds[entity, "event"] / odds[entity, "ads"] for entity, channel in odds if channel == "ads"}

    sellers = (table(won), table(lost), table([("o", ["ads", "event"], "2")], "other"))
    told = event_over_ads(*sellers)
    assert told["e"] == told["other"] > 2
    assert event_over_ads(*sellers, table(visitors, decided=False)) == told
    assert event_over_ads(table(won), table(visitors, decided=False))["e"] < 1


CHANNELS = st.lists(st.sampled_from(["direct", "email", "event", "search"]), min_size=1, max_size=6)
AMOUNTS = st.one_of(st.just(""), st.integers(-(10**9), 10**9).map(lambda cents: str(Decimal(cents) / 100)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(CHANNELS, AMOUNTS), min_size=1, max_size=8))
def test_weights_add_up_to_one_and_credits_to_the_amount_in_every_model(journeys: list[tuple[list[str], str]]) -> None:
    paths = [(f"p{number}", channels, amount) for number, (channels, amount) in enumerate(journeys)]
    touches = table(paths)
    rows = credited(touches, effects_of(touches))
    for path_id, _, amount in paths:
        for model in MODELS if amount else ():
            mine = [(weight, credit) for name, path, _, weight, credit in rows if (name, path) == (model, path_id)]
            assert sum(weight for weight, _ in mine) == 1, model
            assert sum(credit for _, credit in mine) == Decimal(amount), model
            assert all(weight >= 0 for weight, _ in mine), model


def test_a_touch_that_may_be_of_several_channels_is_divided_over_them_by_the_logistic_model_alone() -> None:
    touches = table([("won", ["direct", "mail"], "100"), ("lost", ["mail"], "")])
    basis = touches.column_names.index("channel_basis")
    touches = touches.set_column(basis, "channel_basis", pa.array(["seen", "campaign", "campaign"]))
    readings = pa.table([["direct", "direct"], ["direct", "blog"], [0.75, 0.25]], names=["seen_channel_id", "channel_id", "share"])
    effects = pa.table(
        [
            ["e"] * 4,
            [*["logistic"] * 3, "linear"],
            ["direct", "blog", "mail", "mail"],
            [0.2, 0.6, 0.3, 1.0],
            [0.2, 0.2, 0.6, 1.0],
            [1, 0, 2, 2],
            [2] * 4,
            [1] * 4,
        ],
        schema=EFFECTS,
    )
    found = credited(touches, effects, readings)
    # Of 0.75 * 0.2 + 0.25 * 0.6 + 0.3 = 0.6 a quarter each is the first touch's, as direct and as blog.
    assert [(touch, weight, credit) for model, _, touch, weight, credit in found if model == "logistic"] == [
        ("won-1", Decimal("0.25"), Decimal(25)),
        ("won-1", Decimal("0.25"), Decimal(25)),
        ("won-2", Decimal("0.5"), Decimal(50)),
    ]
    assert [credit for model, _, _, _, credit in found if model == "linear"] == [Decimal(50), Decimal(50)]
    told = {(row["attribution_model"], row["channel_id"]): row["touches"] for row in effects_of(touches, readings).to_pylist()}
    assert ("logistic", "blog") in told
    assert ("markov_1", "blog") not in told


def test_the_marts_list_every_model() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert project["vars"]["attribution_models"] == list(MODELS)
