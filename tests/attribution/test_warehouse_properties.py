"""What must hold of any company's touches and deals, proven on the warehouse's own models: from what systems tell to the books' money by campaign."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finance_hub.attribution import MODELS
from finance_hub.models import PROJECT
from tests.models import rendered

AS_OF = datetime(2026, 6, 30)  # noqa: DTZ001  # as the warehouse has it: without a zone
WON_AT = datetime(2026, 3, 1, 12)  # noqa: DTZ001
LOOKBACK_DAYS = 180
CENT = Decimal("0.01")
MEDIA = ("cpc", "event", "email", "display")
CHAIN = ("fct_touchpoint", "fct_attribution_path", "fct_channel_effect", "fct_attribution")


@dataclass(frozen=True)
class Told:
    """That a person of firm 0, 1 or 2 came so many days and minutes before the firm's deal was won."""

    firm: int
    days: int
    minutes: int
    medium: str
    tag: str | None

    @property
    def at(self) -> datetime:
        return WON_AT - timedelta(days=self.days, minutes=self.minutes)


told = st.builds(
    Told,
    firm=st.integers(0, 2),
    days=st.integers(1, LOOKBACK_DAYS - 2),
    minutes=st.integers(0, 23).map(lambda hour: 60 * hour),
    medium=st.sampled_from(MEDIA),
    tag=st.sampled_from([None, "spring", "autumn"]),
)
touches = st.lists(told, min_size=1, max_size=9, unique_by=lambda each: (each.firm, each.at))
amounts = st.lists(st.decimals("-5000", "90000", places=2), min_size=2, max_size=2)
some = settings(max_examples=3, deadline=None)


@pytest.fixture(scope="module")
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with what never changes: three firms, of which the first two bought; the rules of channels; two campaigns."""
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute(f"""
            create table dim_as_of as select date '{AS_OF:%Y-%m-%d}' as as_of_date, 'USD' as reporting_currency;
            create table channel_rules as select * from read_csv('{PROJECT}/seeds/channel_rules.csv');
            create table bridge_org_unit as select 'h' as connection_id, '' as org_unit_ref, 'e' as entity_id;
            create table bridge_person as select 'e' as entity_id, 'h' as connection_id, 'p' || firm as person_id, 'p' || firm || '@x.example' as email,
                'h' as contact_connection_id, 'p' || firm as contact_id, 'f' || firm as company_id from range(3) firms (firm);
            create table bridge_campaign (entity_id varchar, connection_id varchar, campaign_ref varchar, known_to varchar, campaign_id varchar);
            create table dim_campaign as select 'e' as entity_id, tag as campaign_id, tag as campaign_utm, channel as channel_id
                from (values ('spring', 'event'), ('autumn', 'email')) c (tag, channel);
            create table fct_lead (connection_id varchar, contact_id varchar, touch_id varchar, lead_at timestamp);
            create table bridge_channel_reading (seen_channel_id varchar, channel_id varchar, leads bigint, share double);
            create table int_growth_deals_stacked (connection_id varchar, deal_id varchar, company_id varchar, org_unit_ref varchar, status varchar,
                deal_type varchar, created_at timestamp, closed_at timestamp);
        """)
        yield database


def attributed(
    session: duckdb.DuckDBPyConnection, events: list[Told], worth: list[Decimal], months: list[Decimal] | None = None
) -> dict[tuple[str, str, str, str], tuple[Decimal, Decimal]]:
    """Weight and credit by deal, model, touch and channel; ``months``: what each following month's billing of the first deal is."""
    rows = ", ".join(
        f"('h', 'p{each.firm}', timestamp '{each.at}', 'visit', null::varchar, nullif('{each.tag or ''}', ''), '{each.medium}', null::varchar, null::varchar)"
        for each in events
    )
    session.execute(f"""
        create or replace table int_growth_touches_stacked as select 'hubspot' as source_system, *
        from (values {rows}) t (connection_id, person_id, occurred_at, touch_type, campaign_id, campaign_utm, utm_medium, traffic_source, email);
        create or replace table fct_conversion as select 'd' || firm as conversion_id, 'e' as entity_id, 'h' as connection_id, 'f' || firm as company_id,
            timestamp '{WON_AT}' - interval 20 day as created_at, timestamp '{WON_AT}' as converted_at, amount_rpt, 'USD' as currency_rpt
        from (values (0, {worth[0]}::decimal(20, 4)), (1, {worth[1]}::decimal(20, 4))) d (firm, amount_rpt);
    """)
    rendered.build(session, *CHAIN)
    if months is not None:
        billed = ", ".join(
            f"(date '2026-03-01' + interval {number} month, {amount}::decimal(20, 4))" for number, amount in enumerate(months)
        )
        session.execute(f"""
            create or replace table fct_conversion_amount as select 'e' as entity_id, month::date as period_month, 'd0' as conversion_id,
                'deal' as revenue_source, amount as billed_rpt, amount as recognised_rpt, amount as gross_margin_rpt, 'USD' as currency_rpt
            from (values {billed}) m (month, amount)
        """)
        rendered.build(session, "fct_attributed_amount")
    found = session.execute(
        "select conversion_id, attribution_model, touch_id, channel_id, weight, credit_amount_rpt from fct_attribution"
    ).fetchall()
    return {(deal, model, touch, channel): (weight, credit) for deal, model, touch, channel, weight, credit in found}


def by_moment(session: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, datetime | None, str], tuple[Decimal, Decimal]]:
    """The same by the moment of the touch, since a touch is numbered by those before it."""
    found = session.execute("""
        select credits.conversion_id, attribution_model, occurred_at, credits.channel_id, weight, credit_amount_rpt
        from fct_attribution as credits left join fct_touchpoint using (touch_id)
    """).fetchall()
    return {tuple(row[:4]): tuple(row[4:]) for row in found}


@some
@given(touches, amounts)
def test_every_model_gives_every_deal_whole_with_touches_or_without(
    session: duckdb.DuckDBPyConnection, events: list[Told], worth: list[Decimal]
) -> None:
    found = attributed(session, events, worth)
    for (number, amount), model in itertools.product(enumerate(worth), MODELS):
        shares = [share for (deal, name, *_), share in found.items() if (deal, name) == (f"d{number}", model)]
        assert sum(weight for weight, _ in shares) == 1
        assert sum(credit for _, credit in shares) == amount
    for model in MODELS:
        assert sum(credit for (_, name, *_), (_, credit) in found.items() if name == model) == sum(worth)


@some
@given(touches, amounts, st.integers(1, 300), st.integers(1, 90), st.sampled_from(MEDIA))
def test_a_touch_outside_the_look_back_changes_nothing(
    session: duckdb.DuckDBPyConnection, events: list[Told], worth: list[Decimal], before: int, after: int, medium: str
) -> None:
    attributed(session, events, worth)
    without = by_moment(session)
    outside = [Told(0, days, 0, medium, "spring") for days in (LOOKBACK_DAYS + before, -after)]
    attributed(session, [*events, *outside], worth)
    assert by_moment(session) == without


@some
@given(touches, amounts, st.randoms())
def test_what_middle_touches_are_changes_no_linear_or_u_shaped_credit(
    session: duckdb.DuckDBPyConnection, events: list[Told], worth: list[Decimal], chance: object
) -> None:
    """The media of a firm's middle touches change places: each still earns what its place does."""
    before = attributed(session, events, worth)
    moved = list(events)
    for firm in range(3):
        places = sorted((number for number, each in enumerate(events) if each.firm == firm), key=lambda number: events[number].at)
        middle = places[1:-1]
        shuffled = list(middle)
        chance.shuffle(shuffled)
        for place, source in zip(middle, shuffled, strict=True):
            moved[place] = replace(events[place], medium=events[source].medium, tag=events[source].tag)
    after = attributed(session, moved, worth)

    def earned(
        found: dict[tuple[str, str, str, str], tuple[Decimal, Decimal]],
    ) -> dict[tuple[str, str, str], tuple[Decimal, Decimal]]:
        return {(deal, model, touch): share for (deal, model, touch, _), share in found.items() if model in ("linear", "u_shaped")}

    assert earned(after) == earned(before)


@some
@given(touches, amounts, st.integers(1, 3), st.randoms())
def test_what_is_told_again_counts_once(
    session: duckdb.DuckDBPyConnection, events: list[Told], worth: list[Decimal], times: int, chance: object
) -> None:
    """The same event again, in any order, or once more some minutes later, is the touch that it was."""
    once = attributed(session, events, worth)
    again = [*events * times, *(replace(each, minutes=each.minutes - 9) for each in events if each.minutes)]
    chance.shuffle(again)
    assert attributed(session, again, worth) == once


@some
@given(touches, amounts, st.decimals("0.01", "90000", places=2))
def test_a_refund_goes_back_to_the_cent_as_it_came_with_the_same_weights(
    session: duckdb.DuckDBPyConnection, events: list[Told], worth: list[Decimal], billed: Decimal
) -> None:
    gave = attributed(session, events, worth, months=[billed, -billed, billed])
    by_month = session.execute("""
        select period_month, attribution_model, channel_id, campaign_id, billed_rpt, gross_margin_rpt from fct_attributed_amount
        where channel_id not in ('renewal', 'no_deal') order by all
    """).fetchall()
    months = [[row[1:] for row in by_month if row[0].month == month] for month in (3, 4, 5)]
    assert months[1] == [(*key, -bill, -margin) for *key, bill, margin in months[0]]
    assert months[2] == months[0]
    for model in MODELS:
        assert sum(row[3] for row in months[0] if row[0] == model) == billed
    took = attributed(session, events, [-each for each in worth])
    assert {key: weight for key, (weight, _) in took.items()} == {key: weight for key, (weight, _) in gave.items()}
    assert {key: -credit for key, (_, credit) in took.items()} == {key: credit for key, (_, credit) in gave.items()}


@some
@given(touches, amounts, st.decimals("0.5", "3", places=4))
def test_it_is_the_same_to_convert_the_currency_before_or_after(
    session: duckdb.DuckDBPyConnection, events: list[Told], worth: list[Decimal], rate: Decimal
) -> None:
    ours = attributed(session, events, worth)
    theirs = attributed(session, events, [(each * rate).quantize(CENT) for each in worth])
    assert ours.keys() == theirs.keys()
    for key, (weight, credit) in ours.items():
        assert theirs[key][0] == weight
        assert abs(theirs[key][1] - credit * rate) <= (rate + 2) * CENT
