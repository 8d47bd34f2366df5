-- Bills: what the company buys, by vendor, month and department; media as campaigns were charged; charges between entities.

create temp table monthly_revenue as
select m.entity_id, m.month, sum(money(s.quantity::double * s.unit_price::double / d.units_per_eur::double * e.units_per_eur::double, m.currency)) as mrr
from entity_month m join company.subscription s on s.entity_id = m.entity_id and m.month_end between s.start_date and s.end_date
join daily_rate d on d.day = m.month and d.currency = s.currency
join daily_rate e on e.day = m.month and e.currency = m.currency
group by m.entity_id, m.month;

create temp table heads as
select m.entity_id, m.month, e.department_id, count(*) as heads, sum(count(*)) over (partition by m.entity_id, m.month) as all_heads,
    sum(money(e.annual_salary::double / 12, m.currency)) as wages
from entity_month m join company.employee e on e.entity_id = m.entity_id and e.hired_date <= m.month_end and (e.left_date is null or e.left_date > m.month_end)
group by m.entity_id, m.month, e.department_id;

-- per_head and fixed are in the price level of the parent's currency; by_department: the lines follow the heads, else one line for one department.
create temp table supplier as select * from (values
    ('hosting',   'Nimbus Cloud Hosting',      '5000', 'product',   0,   0,     0.085, 'USD', false),
    ('rent',      'Cityspace Offices',         '6300', null,        420, 0,     0,     null,  true),
    ('software',  'Toolbox Software',          '6200', null,        240, 0,     0,     null,  true),
    ('crm',       'Pipeline Software',         '6200', 'sales',     0,   2600,  0,     null,  false),
    ('travel',    'Wayfare Travel',            '6400', null,        180, 0,     0,     null,  true),
    ('audit',     'Stone & Partner Auditors',  '6500', 'general',   0,   6500,  0,     null,  false),
    ('legal',     'Harper Legal',              '6500', 'general',   0,   3800,  0,     null,  false),
    ('insurance', 'Shield Insurance',          '6600', 'general',   0,   2100,  0,     null,  false),
    ('design',    'Studio Kite Design',        '6120', 'marketing', 0,   3400,  0,     null,  false),
    ('research',  'Analyst Research',          '6120', 'marketing', 0,   1900,  0,     'USD', false),
    ('testing',   'Crowd Testing',             '6500', 'product',   0,   2800,  0,     null,  false),
    ('computers', 'Office Computers',          '1500', null,        95,  0,     0,     null,  false)
) v (key, name, account_code, department_id, per_head, fixed, revenue_share, currency, by_department);

insert into company.vendor
select 'ven-' || e.entity_id || '-' || v.key, e.entity_id, v.name, 'billing@' || replace(lower(v.name), ' ', '') || '.example', replace(lower(v.name), ' ', '') || '.example',
    case when v.currency is null then e.country else 'US' end, coalesce(v.currency, e.currency), 'V' || lpad(floor(chance('vendor tax', e.entity_id || v.key) * 1e8)::bigint::varchar, 8, '0'), null,
    (getvariable('first_date') - interval 90 day)::timestamp
from company.entity e cross join (
    select key, name, currency from supplier
    union all select channel, vendor, null from channel where vendor is not null
) v
union all
select 'ven-' || e.entity_id || '-ic-' || p.entity_id, e.entity_id, p.name, 'intercompany@meridian.example', 'meridian.example', p.country, p.currency, null, p.entity_id,
    (getvariable('first_date') - interval 90 day)::timestamp
from company.entity e join company.entity p on (p.entity_id = 'us' and e.entity_id in ('de', 'jp', 'uk', 'bf')) or (p.entity_id = 'de' and e.entity_id = 'us');

create temp table bill_line as
with shares as (
    select m.entity_id, m.month, m.month_end, m.currency as entity_currency, s.key, s.account_code, coalesce(h.department_id, s.department_id) as department_id,
        coalesce(s.currency, m.currency) as currency,
        (s.per_head * coalesce(h.heads, a.all_heads) + s.fixed * z.staff) * z.salary * pow(1.003, month_index(m.month)) + s.revenue_share * coalesce(r.mrr, 0)::double as amount_func,
        -- Travel and agencies follow the season; design ran away in the last quarter.
        case when s.key in ('travel', 'design') then season(m.month) else 1 end * exp(0.09 * normal('bill', m.entity_id || s.key || m.month::varchar)) as factor
    from entity_month m
    cross join supplier s
    join shape z on z.entity_id = m.entity_id
    join (select distinct entity_id, month, all_heads from heads) a on a.entity_id = m.entity_id and a.month = m.month
    left join heads h on s.by_department and h.entity_id = m.entity_id and h.month = m.month
    left join monthly_revenue r on r.entity_id = m.entity_id and r.month = m.month
),
purchased as (
    select 'bil-' || entity_id || '-' || key || '-' || strftime(month, '%Y%m') as document_id, entity_id, 'ven-' || entity_id || '-' || key as vendor_id, null::varchar as partner_entity_id,
        (month + 2 + floor(chance('bill day', entity_id || key || month::varchar) * 24)::integer)::date as issue_date, entity_currency, x.currency, account_code, department_id, null::varchar as campaign_id,
        money(amount_func * factor * q.units_per_eur::double / e.units_per_eur::double, x.currency) as net_amount, department_id as line_key
    from shares x
    join daily_rate e on e.day = x.month and e.currency = x.entity_currency
    join daily_rate q on q.day = x.month and q.currency = x.currency
    where amount_func > 0
),
media as (
    select 'bil-' || c.entity_id || '-' || c.channel || '-' || strftime(month_of(p.spend_date), '%Y%m'), c.entity_id, 'ven-' || c.entity_id || '-' || c.channel, null,
        last_day(p.spend_date), c.currency, c.currency, k.account_code, 'marketing', c.campaign_id, sum(p.amount), c.campaign_id
    from company.campaign_spend p join company.campaign c using (campaign_id) join channel k on k.channel = c.channel
    join shape s on s.entity_id = c.entity_id and p.spend_date >= s.start_date
    group by c.entity_id, c.channel, month_of(p.spend_date), last_day(p.spend_date), c.currency, k.account_code, c.campaign_id
),
-- The parent licenses the product for 7 % of revenue, in its own currency; Germany develops for the parent, in euros.
charges as (
    select r.entity_id as payer, 'us' as payee, r.month, money(r.mrr::double * 0.07 * u.units_per_eur::double / e.units_per_eur::double, 'USD') as net_amount, 'USD' as currency, 'Licence of the product' as reason
    from monthly_revenue r join shape s using (entity_id)
    join daily_rate e on e.day = last_day(r.month) and e.currency = s.currency join daily_rate u on u.day = last_day(r.month) and u.currency = 'USD'
    where r.entity_id <> 'us' and last_day(r.month) <= getvariable('last_date')
    union all
    select 'us', 'de', m.month, money(48000 * pow(1.006, month_index(m.month)), 'EUR'), 'EUR', 'Development services'
    from entity_month m where m.entity_id = 'us' and m.month_end <= getvariable('last_date')
)
select * from purchased where net_amount <> 0
union all select * from media
union all
-- Now and then the payer enters a charge in the month after, or another amount.
select 'bil-' || payer || '-ic-' || payee || '-' || strftime(month, '%Y%m'), payer, 'ven-' || payer || '-ic-' || payee, payee,
    last_day(month) + case when flaw('charge late', payer || payee || month::varchar) < 0.06 then 5 + floor(chance('charge days', payer || payee || month::varchar) * 9)::integer else 0 end,
    s.currency, c.currency, '6750', 'general', null,
    case when flaw('charge amount', payer || payee || month::varchar) < 0.03 then money(net_amount::double * 0.9, c.currency) else net_amount end, reason
from charges c join shape s on s.entity_id = c.payer
union all
select 'ici-' || payee || '-' || payer || '-' || strftime(month, '%Y%m'), payee, null, payer, last_day(month), s.currency, c.currency, '4900', null, null, net_amount, reason
from charges c join shape s on s.entity_id = c.payee;

create temp table bill as
select b.document_id, b.entity_id, any_value(b.vendor_id) as vendor_id, any_value(b.partner_entity_id) as partner_entity_id, b.issue_date, any_value(b.currency) as currency, any_value(b.entity_currency) as entity_currency,
    case when any_value(b.currency) = any_value(b.entity_currency) and any_value(b.partner_entity_id) is null then any_value(s.tax_rate) else 0 end as tax_rate,
    starts_with(b.document_id, 'ici-') as is_sale, any_value(s.terms) as terms,
    sum(net_amount) as subtotal
from bill_line b join shape s using (entity_id)
where b.issue_date between s.start_date and getvariable('last_date')
group by b.document_id, b.entity_id, b.issue_date;

insert into paper
with taxed as (
    select b.*, l.tax,
        b.partner_entity_id is null and flaw('late bill', b.document_id) < 0.02 as is_late,
        b.partner_entity_id is null and flaw('bill edited', b.document_id) < 0.02 and b.vendor_id not like '%-computers' as is_edited,
        case when b.partner_entity_id is not null then null when flaw('bill twin', b.document_id) < 0.008 then 'voided' when flaw('bill draft', b.document_id) < 0.006 then 'deleted'
             when b.vendor_id not in (select 'ven-' || b.entity_id || '-' || channel from channel) and flaw('bill again', b.document_id) < 0.006 then 'entered' end as twin,
        b.partner_entity_id is null and chance('vendor credit', b.document_id) < 0.012 as is_credited
    from bill b join (select x.document_id, sum(money(x.net_amount::double * y.tax_rate, x.currency)) as tax from bill_line x join bill y using (document_id) group by x.document_id) l using (document_id)
),
recorded as (
    select *, case when is_late then at_work((last_day(issue_date) + 12 + floor(chance('late days', document_id) * 9)::integer)::date, 'bill recorded', document_id)
                   else at_work(workday(issue_date + floor(chance('bill lag', document_id) * 4)::integer), 'bill recorded', document_id) end as recorded_at
    from taxed
)
select document_id, entity_id, case when is_sale then 'sale' else 'purchase' end, null, vendor_id, partner_entity_id, issue_date, (issue_date + 30)::date, currency, entity_currency, issue_date, subtotal, tax, null, null, 1.0, null,
    recorded_at, case when is_edited then recorded_at + to_days(5 + floor(chance('edit days', document_id) * 14)::integer) end, null::timestamp, null::timestamp
from recorded
union all
select document_id || '-' || twin[1], entity_id, 'purchase', null, vendor_id, null, issue_date, (issue_date + 30)::date, currency, entity_currency, issue_date, subtotal, tax, null, document_id, 1.0, null,
    recorded_at + interval 55 minute, null, case twin when 'voided' then recorded_at + to_days(1 + floor(chance('bill voided', document_id) * 9)::integer) end,
    case twin when 'deleted' then recorded_at + interval 2 day end
from recorded where twin is not null
union all
select replace(document_id, 'bil-', 'vcr-'), entity_id, 'purchase_credit', null, vendor_id, null, (issue_date + 9)::date, (issue_date + 9)::date, currency, entity_currency, issue_date, null, null, document_id, document_id,
    0.1 + 0.3 * chance('vendor credit share', document_id), null, recorded_at + interval 10 day, null, null, null
from recorded where is_credited;

insert into paper_line
select b.document_id, row_number() over (partition by b.document_id order by l.account_code, l.department_id, l.campaign_id, l.line_key), l.account_code, null, l.department_id, l.campaign_id, 1, l.net_amount, l.net_amount,
    money(l.net_amount::double * b.tax_rate, l.currency), case when s.tax_rate = 0 then 'none' when b.tax_rate > 0 then 'input' else 'zero' end, null, null,
    case when b.partner_entity_id is not null then l.line_key when c.name is not null then 'Media: ' || c.name
         else v.name || ' ' || strftime(b.issue_date, '%Y-%m') || case when l.department_id is not null then ', ' || l.department_id else '' end end, l.currency
from bill b join bill_line l using (document_id) join shape s on s.entity_id = b.entity_id
left join company.campaign c using (campaign_id) left join company.vendor v on v.vendor_id = b.vendor_id;

insert into paper_line
select p.document_id, l.line_number, l.account_code, null, l.department_id, l.campaign_id, 1, money(l.net_amount::double * p.share, l.currency), money(l.net_amount::double * p.share, l.currency),
    money(l.tax_amount::double * p.share, l.currency), l.tax_type, null, null, case when p.kind = 'purchase' then l.description else 'Credit: ' || l.description end, l.currency
from paper p join paper_line l on l.document_id = p.like_document_id where p.kind in ('purchase', 'purchase_credit');

-- All documents, numbered in the order in which they were issued.
insert into company.document
with totals as (
    select document_id, sum(net_amount) as subtotal, sum(tax_amount) as tax from paper_line group by document_id
),
priced as (
    select p.*, t.subtotal as net, t.tax as tax_total, case when p.currency = p.entity_currency then 1 else units_per(d.units_per_eur, e.units_per_eur) end as fx_rate,
        row_number() over (partition by p.entity_id, p.kind order by p.issue_date, p.recorded_at, p.document_id) as n
    from paper p join totals t using (document_id)
    join daily_rate d on d.day = p.rate_date and d.currency = p.currency
    join daily_rate e on e.day = p.rate_date and e.currency = p.entity_currency
    where p.recorded_at <= getvariable('last_date')::timestamp + interval 1 day and p.issue_date <= getvariable('last_date')
)
select p.document_id, p.entity_id, p.kind, case p.kind when 'sale' then 'INV-' when 'sale_credit' then 'CN-' when 'purchase' then 'BILL-' else 'VC-' end || padded(n, 5),
    case when p.kind like 'purchase%' then upper(p.document_id[5:]) when p.partner_entity_id is not null then 'Intercompany' else sub.opportunity_id end,
    p.customer_id, p.vendor_id, p.partner_entity_id, p.issue_date, p.due_date, p.currency, p.fx_rate, p.net, p.tax_total, p.net + p.tax_total,
    p.credits_document_id, p.recorded_at, p.edited_at, p.voided_at, p.deleted_at
from priced p
left join (select customer_id, start_date, end_date, min(opportunity_id) as opportunity_id from company.subscription group by customer_id, start_date, end_date
           qualify row_number() over (partition by customer_id, start_date order by end_date desc) = 1) sub
    on sub.customer_id = case p.kind when 'sale' then p.customer_id end and sub.start_date = p.issue_date;

insert into company.document_line
select l.document_id || '-' || l.line_number, l.document_id, l.line_number, l.account_code, l.description, l.quantity, l.unit_price, l.net_amount, l.tax_amount, l.tax_type, l.department_id, l.campaign_id, l.product_id,
    l.service_start_date, l.service_end_date
from paper_line l join company.document d using (document_id);

insert into truth.defect
select kind || '-' || document_id, kind, entity_id, 'document', document_id, happened_at, detail from (
    select 'document_voided' as kind, document_id, entity_id, voided_at as happened_at, number as detail from company.document where voided_at is not null
    union all select 'bill_entered_twice', document_id, entity_id, recorded_at, document_id[:-3] from company.document where kind = 'purchase' and suffix(document_id, '-e')
    union all select 'charge_entered_late', document_id, entity_id, recorded_at, 'dated ' || issue_date from company.document where document_id like 'bil-%-ic-%' and issue_date <> last_day(issue_date)
    union all select 'charge_amount_differs', b.document_id, b.entity_id, b.recorded_at, b.subtotal || ' for ' || s.subtotal
        from company.document b join company.document s on s.document_id = 'ici-' || split_part(b.document_id, '-', 4) || '-' || split_part(b.document_id, '-', 2) || '-' || split_part(b.document_id, '-', 5)
        where b.document_id like 'bil-%-ic-%' and b.subtotal <> s.subtotal
    union all select 'draft_deleted', document_id, entity_id, deleted_at, number from company.document where deleted_at is not null
    union all select 'document_edited', document_id, entity_id, edited_at, number from company.document where edited_at is not null
    union all select 'posted_late', document_id, entity_id, recorded_at, 'dated ' || issue_date from company.document where recorded_at::date > last_day(issue_date) + 11 and kind = 'purchase' and deleted_at is null
    union all select 'invoice_split', document_id, entity_id, recorded_at, number from company.document where kind = 'sale' and document_id like '%-b'
    union all select 'invoice_credited', document_id, entity_id, recorded_at, credits_document_id from company.document where kind = 'sale_credit'
);
