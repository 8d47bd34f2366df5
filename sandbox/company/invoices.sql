-- Invoices: each subscription is billed in advance for the period agreed; onboarding on the first invoice. Credit notes, doubles, drafts.

create temp table billing as
with periods as (
    select s.*, unnest(generate_series(0, 11 // s.billing_months))::integer as period, c.organization_id from company.subscription s join company.customer c using (customer_id)
),
dated as (
    select *, (start_date + to_months(period * billing_months))::date as from_date from periods
),
bounded as (
    select *, least((from_date + to_months(billing_months) - interval 1 day)::date, end_date) as to_date from dated where from_date <= end_date and from_date <= getvariable('last_date')
)
select customer_id, entity_id, organization_id, from_date as issue_date, currency, '2200' as account_code, product_id, quantity, unit_price,
    money(quantity::double * unit_price::double * date_diff('month', from_date, to_date + 1), currency) as net_amount, from_date, to_date, subscription_id || '-' || period as key
from bounded
union all
select c.customer_id, c.entity_id, c.organization_id, c.start_date, b.currency, '4100', b.product_id, b.quantity, net_price(b.unit_price, b.discount_pct, b.currency),
    money(b.quantity::double * net_price(b.unit_price, b.discount_pct, b.currency)::double, b.currency), null, null, 'srv-' || c.customer_id[5:]
from contract c join basket b using (organization_id) where b.product_id = 'prd-onb' and not c.start_date > getvariable('last_date');

-- What was billed before an entity's history begins is part of its opening balance: the share not yet earned.
create temp table billed_before as
select b.*, s.currency as entity_currency, money(b.net_amount::double / units_per(d.units_per_eur, e.units_per_eur)::double, s.currency) as net_func
from billing b join shape s using (entity_id)
join daily_rate d on d.day = b.issue_date and d.currency = b.currency
join daily_rate e on e.day = b.issue_date and e.currency = s.currency
where b.issue_date < s.start_date and b.to_date >= s.start_date;

create temp table sale_line as
with current_lines as (
    select b.*, s.terms, s.currency as entity_currency, s.country as entity_country, o.country, s.tax_rate,
        -- One invoice in thirty is split in two, as purchase orders sometimes ask.
        (flaw('split', b.customer_id || b.issue_date::varchar) < 0.03 and b.product_id in ('prd-data', 'prd-onb'))::integer as part
    from billing b join shape s using (entity_id) join company.organization o using (organization_id)
    where b.issue_date >= s.start_date
)
select *, 'inv-' || customer_id[5:] || '-' || strftime(issue_date, '%Y%m%d') || case part when 1 then '-b' else '' end as document_id,
    case when country = entity_country then tax_rate else 0 end as line_tax_rate,
    case when tax_rate = 0 then 'none' when country = entity_country then 'output' else 'zero' end as tax_type
from current_lines;

-- Documents before they are numbered. twin: a second entry of the same document: voided (posted) or deleted (a draft) later, or
-- entered again by mistake and never noticed (bills).
create temp table sale as
select document_id, entity_id, any_value(customer_id) as customer_id, any_value(issue_date) as issue_date, any_value(terms) as terms, any_value(currency) as currency,
    any_value(entity_currency) as entity_currency,
    sum(net_amount) as subtotal, sum(money(net_amount::double * line_tax_rate, currency)) as tax,
    case when chance('written off', document_id) < 0.007 then 'write-off'
         when chance('credited', document_id) < 0.012 then 'allocated'
         when chance('refunded', document_id) < 0.008 then 'refunded' end as credit,
    case when flaw('twin', document_id) < 0.010 then 'voided' when flaw('draft', document_id) < 0.005 then 'deleted' end as twin
from sale_line group by document_id, entity_id;

-- One row a document of any kind; lines follow in the same manner.
create temp table paper as
select document_id, entity_id, 'sale' as kind, customer_id, null::varchar as vendor_id, null::varchar as partner_entity_id, issue_date, (issue_date + terms)::date as due_date, currency, entity_currency,
    issue_date as rate_date, subtotal, tax, null::varchar as credits_document_id, null::varchar as like_document_id, 1.0::double as share, null::varchar as credit_account,
    at_work(issue_date, 'invoice recorded', document_id) as recorded_at, null::timestamp as edited_at, null::timestamp as voided_at, null::timestamp as deleted_at
from sale
union all
select document_id || '-' || twin[1], entity_id, 'sale', customer_id, null, null, issue_date, (issue_date + terms)::date, currency, entity_currency, issue_date, subtotal, tax, null, document_id, 1.0, null,
    at_work(issue_date, 'twin recorded', document_id) + interval 40 minute, null,
    case twin when 'voided' then at_work((issue_date + 1 + floor(chance('voided', document_id) * 6)::integer)::date, 'void', document_id) + interval 1 day end,
    case twin when 'deleted' then at_work((issue_date + 2)::date, 'draft deleted', document_id) + interval 1 day end
from sale where twin is not null
union all
select replace(document_id, 'inv-', 'crn-'), entity_id, 'sale_credit', customer_id, null, null, credited_on, credited_on, currency, entity_currency, issue_date, null, null, document_id, document_id, share,
    case credit when 'write-off' then '6700' else '4000' end, at_work(credited_on, 'credit recorded', document_id), null, null, null
from (select *, (issue_date + case credit when 'write-off' then 150 when 'allocated' then 3 + floor(chance('credit day', document_id) * 7)::integer
                              else 50 + floor(chance('refund day', document_id) * 30)::integer end)::date as credited_on,
          case credit when 'write-off' then 1.0 else 0.08 + 0.2 * chance('credit share', document_id) end as share
      from sale where credit is not null);

create temp table paper_line as
select document_id, row_number() over (partition by document_id order by key) as line_number, account_code, product_id, null::varchar as department_id, null::varchar as campaign_id, quantity, unit_price, net_amount,
    money(net_amount::double * line_tax_rate, currency) as tax_amount, tax_type, from_date as service_start_date, to_date as service_end_date,
    case account_code when '4100' then 'Onboarding' else product_id[5:] || ' ' || strftime(from_date, '%Y-%m-%d') || ' to ' || strftime(to_date, '%Y-%m-%d') end as description, currency
from sale_line;

-- Twins have the lines of their originals; credit notes a share of each.
insert into paper_line
select p.document_id, l.line_number, coalesce(p.credit_account, l.account_code), l.product_id, null, null,
    case when p.kind = 'sale' then l.quantity else 1 end, case when p.kind = 'sale' then l.unit_price else money(l.net_amount::double * p.share, l.currency) end,
    money(l.net_amount::double * p.share, l.currency), money(l.tax_amount::double * p.share, l.currency), l.tax_type,
    case when p.kind = 'sale' then l.service_start_date end, case when p.kind = 'sale' then l.service_end_date end,
    case when p.kind = 'sale' then l.description else 'Credit: ' || l.description end, l.currency
from paper p join paper_line l on l.document_id = p.like_document_id;
