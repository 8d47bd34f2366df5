-- Exchange rates: a random walk that keeps to the neighbourhood of its base, on business days, published at 15:00 UTC.

insert into company.fx_rate
with trading as (
    select day, row_number() over (order by day) as n from calendar
    where isodow(day) < 6 and strftime(day, '%m-%d') not in ('01-01', '05-01', '12-25', '12-26')
),
walk as (
    select day, n, currency, base, volatility,
        sum((normal('fx ' || currency, n) * 1e6)::bigint) over (partition by currency order by n rows 250 preceding)::double / 1e6 as drift
    from trading
    cross join (values ('USD', 1.09, 0.0032), ('GBP', 0.857, 0.0024), ('JPY', 158.0, 0.0038), ('CAD', 1.48, 0.0028)) c (currency, base, volatility)
)
select day, currency, round(base * exp(volatility * drift * 0.8), case currency when 'JPY' then 2 else 4 end)::decimal(18, 9),
    day::timestamp + interval 15 hour + case when flaw('fx late', n) < 0.01 then interval 18 hour else interval 0 hour end
from walk;

insert into truth.defect
select 'late-rate-' || currency || '-' || rate_date, 'late_rate', null, 'fx_rate', currency || '|' || rate_date, published_at, 'published the day after'
from company.fx_rate where published_at::date > rate_date;

-- The rate that holds on any day: the newest published for it or before.
create temp table daily_rate as
select c.day, r.currency, r.units_per_eur
from (select day, currency from calendar cross join (select distinct currency from company.fx_rate)) c
asof join company.fx_rate r on r.currency = c.currency and r.rate_date <= c.day
union all
select day, 'EUR', 1.0::decimal(18, 9) from calendar;

-- Units of the document's currency for one unit of the entity's own.
create temp macro units_per(document_rate, entity_rate) as round(document_rate::double / entity_rate::double, 6)::decimal(18, 9);
