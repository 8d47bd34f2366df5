"""E-mails: counts that can be, rates that follow from them, nothing lost on the way, and lists that behave as they did."""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check

_RATES = ("delivery_rate_pct", "open_rate_pct", "click_rate_pct", "bounce_rate_pct", "unsubscribe_rate_pct", "list_decay_90d_pct")
_SHARES = (
    ("delivery_rate_pct", "delivered", "sent"),
    ("open_rate_pct", "opened", "delivered"),
    ("click_rate_pct", "clicked", "delivered"),
    ("click_to_open_rate_pct", "clicked", "opened"),
    ("bounce_rate_pct", "bounced", "sent"),
    ("unsubscribe_rate_pct", "unsubscribed", "delivered"),
    ("list_decay_90d_pct", "lost_readers_90d", "sent_90d"),
    ("open_rate_90d_pct", "opened_90d", "delivered_90d"),
)
"""Rate -> its numerator and denominator."""

CHECKS = (
    expectation_check(
        asset=["marts", "email_performance"],
        name="email_counts_are_possible",
        description="No e-mail is opened by more readers than it reached, nor reaches more than it was sent to; no count is negative.",
        query="""
            select entity_id, source_system, email_id, sent, delivered, opened, clicked, bounced, unsubscribed from marts.email_performance
            where delivered > sent or opened > delivered or clicked > delivered or unsubscribed > delivered or bounced + delivered > sent
                or least(sent, delivered, opened, clicked, bounced, unsubscribed) < 0
        """,
    ),
    expectation_check(
        asset=["marts", "email_performance"],
        name="email_rates_are_shares",
        description="Every rate of an e-mail lies between 0 and 100.",
        query=f"select entity_id, email_id, {', '.join(f'{rate}::double as {rate}' for rate in _RATES)} from marts.email_performance",
        expectations=lambda expect: [
            expect.ExpectColumnValuesToBeBetween(column=rate, min_value=0, max_value=100) for rate in _RATES
        ],
    ),
    expectation_check(
        asset=["marts", "email_performance"],
        name="email_rates_recomputed",
        description="Every rate is its numerator by its denominator, and unknown exactly where there is no denominator.",
        query=" union all ".join(
            f"""select entity_id, source_system, email_id, '{rate}' as rate, {rate}::varchar as told, {part}::varchar as part, {whole}::varchar as whole
            from marts.email_performance
            where ({rate} is null) <> ({part} is null or coalesce({whole}, 0) = 0) or abs({rate} - {part} * 100.0 / nullif({whole}, 0)) > 0.0001"""
            for rate, part, whole in _SHARES
        ),
    ),
    expectation_check(
        asset=["marts", "email_performance"],
        name="every_email_is_told_once",
        description="Every e-mail that a system has sent by the as-of date has one row, with the counts of the system.",
        query="""
            with sent as (
                select connection_id, email_id, sum(sent_count) as sent, sum(opened_count) as opened, count(*) as times
                from intermediate.int_growth_emails_stacked, core.dim_as_of
                where sent_at < as_of_date + interval 1 day group by all
            ),
            told as (
                select connection_id, email_id, sum(sent) as sent, sum(opened) as opened, count(*) as times
                from marts.email_performance group by all
            )
            select connection_id, email_id, sent.sent::varchar as sent, told.sent::varchar as told
            from sent full join told using (connection_id, email_id)
            where sent.times is distinct from told.times or sent.sent is distinct from told.sent or sent.opened is distinct from told.opened
        """,
    ),
    expectation_check(
        asset=["marts", "email_performance"],
        name="email_revenue_is_that_of_its_touches",
        description="E-mails of a campaign share what the linear model credits to its clicks, and to all touches of a campaign of e-mails, to the cent.",
        query="""
            with credited as (
                select entity_id, campaign_id, sum(attributed_revenue) as told from marts.email_performance
                where campaign_id is not null group by all having count(attributed_revenue) = count(*)
            ),
            again as (
                select touches.entity_id, touches.campaign_id, sum(credits.credit_amount_rpt) as credit
                from core.fct_touchpoint as touches inner join core.fct_attribution as credits using (touch_id)
                where credits.attribution_model = 'linear' and (touches.touch_type = 'email_click' or touches.channel_id = 'email')
                group by all
            )
            select entity_id, campaign_id, told::varchar as told, coalesce(credit, 0)::varchar as credit
            from credited left join again using (entity_id, campaign_id)
            where told <> coalesce(credit, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "email_performance"],
        name="opening_has_not_drifted",
        description="Readers open the latest eight e-mails of a company's system half to twice as often as the forty before: else something counts otherwise than it did.",
        query="""
            with numbered as (
                select *, row_number() over (partition by entity_id, source_system order by sent_at desc, email_id) as place
                from marts.email_performance where rate_status = 'ok'
            ),
            compared as (
                select entity_id, source_system, sum(opened) filter (place <= 8) * 1.0 / sum(delivered) filter (place <= 8) as latest,
                    sum(opened) filter (place > 8 and place <= 48) * 1.0 / sum(delivered) filter (place > 8 and place <= 48) as before
                from numbered group by all having count(*) >= 16
            )
            select entity_id, source_system, round(latest / nullif(before, 0), 4)::double as ratio from compared
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="ratio", min_value=0.5, max_value=2)],
        level="warn",
    ),
    expectation_check(
        asset=["marts", "email_performance"],
        name="emails_are_still_sent",
        description="A company's system that sent e-mails has sent one within two hundred days: else it was left, or its connection tells none any more.",
        query="""
            select entity_id, source_system, date_diff('day', max(sent_at), max(as_of_date)) as days
            from marts.email_performance cross join core.dim_as_of group by all
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="days", min_value=0, max_value=200)],
        level="warn",
    ),
    expectation_check(
        asset=["marts", "email_performance"],
        name="lists_do_not_wear_out",
        description="No list loses more than a tenth of its readers a mailing, over ninety days.",
        query="""
            select entity_id, source_system, email_id, list_decay_90d_pct::double as list_decay_90d_pct
            from marts.email_performance where sent_90d > 0
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="list_decay_90d_pct", min_value=0, max_value=10)],
        level="warn",
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of e-mails."""
    return dg.Definitions(asset_checks=[checks_of("email", CHECKS)])
