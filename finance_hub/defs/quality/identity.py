"""Every record is one customer or person, ids last, and what people ruled holds."""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check

CHECKS = (
    expectation_check(
        asset=["core", "customer_crosswalk"],
        name="every_record_is_one_customer",
        description="Every firm and every person of every system has exactly one id that holds, within one company.",
        query="""
            with holding as (
                select record_key, count(*) as ids, min(customer_id) as customer_id from core.customer_crosswalk where is_current group by record_key
            ),
            spans as (
                select customer_id, count(distinct (kind, entity_id)) as companies from core.customer_crosswalk where is_current group by customer_id
            )
            select record_key, coalesce(ids, 0) as ids, coalesce(companies, 0) as companies
            from core.identity_record as records full join holding using (record_key) left join spans using (customer_id)
            where records.kind is null or coalesce(ids, 0) <> 1 or companies <> 1
        """,
    ),
    expectation_check(
        asset=["core", "customer_crosswalk"],
        name="no_customer_id_is_lost",
        description="An id that holds for no record any more says what became of it: another survived it, or its records are gone.",
        query="""
            with ids as (
                select customer_id, bool_or(is_current) as holds,
                    bool_and(closed_because = 'record_gone' or superseded_by is not null) filter (not is_current) as is_told
                from core.customer_crosswalk group by customer_id
            )
            select crosswalk.customer_id, record_key, valid_to::varchar as valid_to, closed_because, superseded_by
            from core.customer_crosswalk as crosswalk join ids using (customer_id)
            left join (select customer_id as heir from ids) as heirs on superseded_by = heir
            where (not holds and not coalesce(is_told, false)) or (superseded_by is not null and heir is null) or is_current <> (valid_to is null)
        """,
    ),
    expectation_check(
        asset=["core", "customer_crosswalk"],
        name="rulings_are_obeyed",
        description="Records that somebody ruled to be the same have one id, those ruled to be different have two.",
        query="""
            select rules.kind, decision, left_connection_id, left_record_id, right_connection_id, right_record_id, one.customer_id
            from core.identity_overrides as rules
            join core.customer_crosswalk as one on one.is_current and rules.kind = one.kind
                and rules.left_connection_id = one.connection_id and rules.left_record_id = one.native_id
            join core.customer_crosswalk as other on other.is_current and rules.kind = other.kind
                and rules.right_connection_id = other.connection_id and rules.right_record_id = other.native_id
            where (decision = 'different' and one.customer_id = other.customer_id)
                or (decision = 'same' and one.customer_id <> other.customer_id)
        """,
    ),
    expectation_check(
        asset=["marts", "customer_match_rate"],
        name="match_rates_hold",
        description="No connection's match rate moves by more than five points from one day to the next.",
        query="""
            with days as (
                select row_number() over (order by day desc) as number, day
                from (select unnest([valid_from, valid_to]) as day from core.customer_crosswalk union select as_of_date from core.dim_as_of)
                where day is not null group by day qualify number = 2
            ),
            former as (
                select crosswalk.* from core.customer_crosswalk as crosswalk, days
                where valid_from <= day and (valid_to is null or valid_to > day)
            ),
            known as (select customer_id, count(distinct connection_id) > 1 as is_matched from former group by customer_id),
            rates as (
                select entity_id, kind, connection_id, count(*) as records, count(*) filter (is_matched) * 100.0 / count(*) as former_pct
                from former join known using (customer_id) group by all having count(*) >= 100
            )
            select entity_id, kind, connection_id, round(match_rate_pct - former_pct, 3)::double as moved_pct
            from rates join marts.customer_match_rate using (entity_id, kind, connection_id)
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="moved_pct", min_value=-5, max_value=5)],
        level="warn",
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of identity."""
    return dg.Definitions(asset_checks=[checks_of("identity", CHECKS)])
