-- What SAP S/4HANA shows of one entity of the simulated company: one view of schema `wire` an entity set, its columns named as the
-- properties are. A property without a column has its initial value; a column X_DE is what X says in German.
--
-- Ledgers: every journal is posted to the leading ledger 0L and to the parallel ledger 2L. Numbers are given in the order in which
-- documents were recorded, by number range and fiscal year, so that time adds numbers and moves none.

create schema sap;
create macro company_code() as '1010';
create macro padded(value, width) as lpad(value::varchar, width, '0');
create macro account_of(code) as padded(code, 10);
create macro moment(at_time) as at_time::timestamp;

create table sap.partner as
select * from (values ('us', '1710'), ('de', '1010'), ('jp', '1510'), ('uk', '1110'), ('bf', '1711')) t (entity_id, company);

-- Business partners: customers, suppliers, and the group's entities, which are both.
create table sap.party as
select customer_id as party_id, padded(10100000 + row_number() over (order by created_at, customer_id), 10) as number, null as partner_entity_id, created_at
from meridian.company.customer where entity_id = entity()
union all
select vendor_id, padded(10300000 + row_number() over (order by created_at, vendor_id), 10), null, created_at
from meridian.company.vendor where entity_id = entity() and partner_entity_id is null
union all
select 'ic-' || p.entity_id, padded(10400000 + p.company::integer, 10), p.entity_id, (select first_date - 90 from meridian.company.parameter)::timestamp
from sap.partner p where p.entity_id <> entity()
  and p.entity_id in (select partner_entity_id from meridian.company.document where entity_id = entity() union select partner_entity_id from meridian.company.vendor where entity_id = entity());
create macro party_of(customer, vendor, partner) as case when partner is not null then 'ic-' || partner else coalesce(customer, vendor) end;

-- Departments as cost centres, products as profit centres, campaigns as internal orders.
create table sap.cost_center as
select * from (values
    ('general',   '10101101', 'YB40', 'Administration',       'Verwaltung'),
    ('sales',     '10101601', 'YB30', 'Sales',                'Vertrieb'),
    ('marketing', '10101602', 'YB35', 'Marketing',            'Marketing'),
    ('product',   '10101801', 'YB50', 'Research & Development', 'Entwicklung'),
    ('support',   '10101901', 'YB25', 'Customer Success',     'Kundenbetreuung')
) t (department_id, cost_center, functional_area, name, name_de);
create table sap.profit_center as
select * from (values ('prd-core', 'YB110', 'Meridian Core'), ('prd-plus', 'YB120', 'Meridian Plus'), ('prd-data', 'YB130', 'Meridian Data'),
    ('prd-form', 'YB140', 'BrightForms'), ('prd-onb', 'YB190', 'Services'), (null, 'YB900', 'Shared')) t (product_id, profit_center, name);
create table sap.internal_order as
select campaign_id, padded(800000 + row_number() over (order by created_at, campaign_id), 12) as order_id, upper(replace(utm_campaign, entity_id || '-', ''))[:18] as code
from meridian.company.campaign where entity_id = entity();

-- Journals as documents: type, number range, fiscal year and period. What closes December after the year's end is in special period 013.
create table sap.entry as
with sources as (
    select j.*, coalesce(d.document_id, p.document_id) as document_id, coalesce(d.kind, pd.kind) as kind, coalesce(d.partner_entity_id, pd.partner_entity_id) as partner_entity_id,
        p.payment_id
    from meridian.company.journal j
    left join meridian.company.document d on d.document_id = j.source_id
    left join meridian.company.payment p on p.payment_id = j.source_id
    left join meridian.company.document pd on pd.document_id = p.document_id
    where j.entity_id = entity()
),
typed as (
    select *, year(journal_date) as fiscal_year,
        case when source_type in ('accrual', 'fx_revaluation') and month(journal_date) = 12 and recorded_at >= make_date(year(journal_date) + 1, 1, 1) then 13 else month(journal_date) end as period,
        case when source_type like 'sale%' and payment_id is null then case when partner_entity_id is null then 'RV' else 'DR' end
             when source_type like 'purchase%' and payment_id is null then case when partner_entity_id is null then 'RE' else 'KR' end
             when source_type in ('sale_payment', 'refund') then case when reverses_journal_id is null then 'DZ' else 'DA' end
             when source_type = 'purchase_payment' then case when reverses_journal_id is null then 'KZ' else 'KA' end
             when source_type = 'depreciation' then 'AF' when source_type = 'payroll' then 'PY' when source_type = 'opening' then 'UE'
             when source_type = 'accrual' then 'AD' when source_type = 'revenue_recognition' then 'RR' else 'SA' end as document_type
    from sources
),
ranged as (
    select *, case document_type when 'RV' then '94' when 'DR' then '18' when 'RE' then '51' when 'KR' then '19' when 'DZ' then '14' when 'DA' then '16' when 'KZ' then '15' when 'KA' then '17'
                  when 'AF' then '03' when 'PY' then '04' when 'UE' then '05' else '01' end as number_range
    from typed
)
select * exclude (number_range), number_range || padded(row_number() over (partition by number_range, fiscal_year order by recorded_at, journal_id), 8) as number,
    case when document_type = 'RV' then padded(90000000 + row_number() over (partition by document_type order by recorded_at, journal_id), 10) end as billing_document
from ranged;

-- Supplier invoices: what was posted, and drafts, which are parked until they are deleted.
create table sap.supplier_invoice as
with listed as (
    select journal_id, document_id, recorded_at, journal_date, fiscal_year from sap.entry where document_type = 'RE'
    union all
    select null, document_id, recorded_at, issue_date, year(issue_date) from meridian.company.document
    where entity_id = entity() and kind = 'purchase' and deleted_at is not null and partner_entity_id is null
)
select *, (5105600000 + row_number() over (order by recorded_at, coalesce(journal_id, document_id)))::varchar as number from listed;

-- Amounts in the group's currency at the last rate before posting. Cumulated amounts are rounded, so that every document balances in it.
create table sap.global_amount as
with rated as (
    select l.journal_id, l.line_number, l.amount_func, r.units_per_eur as rate
    from meridian.company.journal_line l join sap.entry e using (journal_id)
    asof join (select rate_date, units_per_eur from meridian.company.fx_rate where currency = 'USD') r on e.journal_date >= r.rate_date
),
cumulated as (
    select *, round(sum(amount_func) over (partition by journal_id order by line_number) * rate, 2) as so_far from rated
)
select journal_id, line_number, (so_far - coalesce(lag(so_far) over (partition by journal_id order by line_number), 0))::decimal(20, 2) as amount from cumulated;

-- Items of customers and suppliers. Those of an invoice, of what was paid on it and of the credits set against it clear each other when they
-- balance; a document and its reversal clear each other at once. What is paid beyond that stays open by itself.
create table sap.item as
with paid as (
    select document_id, sum(amount_txn) as amount from meridian.company.payment where entity_id = entity() and deleted_at is null group by document_id
),
documents as (
    select d.document_id, d.credits_document_id, d.total, p.document_id is not null as is_paid_out, coalesce(o.amount, 0) >= c.total as comes_too_late
    from meridian.company.document d left join paid p using (document_id)
    left join meridian.company.document c on c.document_id = d.credits_document_id left join paid o on o.document_id = d.credits_document_id
    where d.entity_id = entity()
),
groups as (
    select document_id, case when credits_document_id is null or is_paid_out or comes_too_late then document_id else credits_document_id end as group_id, total from documents
),
due as (
    select group_id, sum(case when group_id = document_id then total else -total end) as amount from groups group by group_id
),
earlier as (
    select p.payment_id, sum(q.amount_txn) as amount
    from meridian.company.payment p join meridian.company.payment q using (document_id)
    where p.entity_id = entity() and q.payment_id <> p.payment_id
        and (q.recorded_at, q.payment_id) < (p.recorded_at, p.payment_id) and (q.deleted_at is null or q.deleted_at > p.recorded_at)
    group by p.payment_id
),
excess as (
    select p.payment_id, coalesce(q.amount, 0) >= d.amount as is_excess
    from meridian.company.payment p join groups g using (document_id) join due d using (group_id) left join earlier q using (payment_id)
    where p.entity_id = entity()
)
select l.journal_id, l.line_number, l.amount_txn, e.recorded_at, e.reverses_journal_id, e.payment_id, case when x.is_excess then x.payment_id else g.group_id end as group_id,
    case when l.account_code in ('1100', '1150') then 'D' else 'K' end as account_type,
    -- What points at its invoice: credits, and payments of a part.
    case when e.payment_id is null then g.group_id <> e.document_id else abs(l.amount_txn) <> d.amount and not x.is_excess end as refers
from meridian.company.journal_line l join sap.entry e using (journal_id) join groups g on g.document_id = e.document_id join due d on d.group_id = g.group_id
left join excess x on x.payment_id = e.payment_id
where l.account_code in ('1100', '1150', '2000', '2050');
create table sap.reversal as
select reverses_journal_id as journal_id, journal_id as by_journal_id, recorded_at, journal_date, number, fiscal_year from sap.entry where reverses_journal_id is not null;
create table sap.edit as
select document_id, journal_id, edited_at from meridian.company.document d join sap.entry e using (document_id)
where d.entity_id = entity() and d.edited_at is not null and e.journal_id = 'jnl-' || d.document_id || '-e';

create view sap.item_now as
with events as (
    select group_id, recorded_at as at_time, sum(amount_txn) as amount, arg_max(journal_id, (reverses_journal_id is null, journal_id)) as journal_id
    from sap.item where recorded_at <= horizon() group by group_id, recorded_at
),
balances as (
    select *, sum(amount) over (partition by group_id order by at_time) = 0 as is_cleared from events
),
turns as (
    select *, is_cleared <> coalesce(lag(is_cleared) over (partition by group_id order by at_time), false) as is_turn from balances
),
states as (
    select group_id, arg_max(is_cleared, at_time) as is_cleared, max(at_time) as last_at, arg_max(journal_id, at_time) as last_journal_id, max(case when is_turn then at_time end) as turned_at
    from turns group by group_id
),
placed as (
    select i.*, coalesce(r.by_journal_id, case when i.reverses_journal_id is not null then i.journal_id when s.is_cleared then s.last_journal_id end) as cleared_by,
        case when r.by_journal_id is not null then r.recorded_at when i.reverses_journal_id is not null then i.recorded_at
             when s.is_cleared then s.last_at else greatest(i.recorded_at, coalesce(s.turned_at, i.recorded_at), case when i.refers and t.edited_at <= horizon() then t.edited_at else i.recorded_at end) end as changed_at,
        case when i.refers then coalesce(case when t.edited_at <= horizon() then t.journal_id end, 'jnl-' || i.group_id) end as refers_to
    from sap.item i join states s using (group_id)
    left join sap.reversal r on r.journal_id = i.journal_id and r.recorded_at <= horizon()
    left join sap.edit t on t.document_id = i.group_id
    where i.recorded_at <= horizon()
)
select p.journal_id, p.line_number, p.account_type, p.cleared_by is not null as is_cleared, c.number as clearing_document, c.fiscal_year as clearing_year,
    c.journal_date as clearing_date, c.recorded_at as clearing_recorded_at, greatest(p.changed_at, p.recorded_at) as changed_at, f.number as invoice_reference, f.fiscal_year as invoice_reference_year
from placed p left join sap.entry c on c.journal_id = p.cleared_by left join sap.entry f on f.journal_id = p.refers_to;

create view sap.entry_now as
select e.*, e.reverses_journal_id is not null as is_reversal, r.by_journal_id is not null as is_reversed, r.recorded_at as reversed_at, r.number as reversed_by, r.fiscal_year as reversed_by_year,
    o.number as reverses, o.fiscal_year as reverses_year,
    case when e.document_type = 'RV' then 'VBRK' when e.document_type = 'RE' then 'RMRP' else 'BKPF' end as reference_type,
    coalesce(e.billing_document, s.number, e.number) as reference_document, coalesce(o.billing_document, os.number, o.number) as reverses_reference,
    case e.document_type when 'RV' then '' when 'RE' then e.fiscal_year::varchar else company_code() || e.fiscal_year end as reference_context,
    case when o.journal_id is null then '' when e.document_type = 'RV' then '' when e.document_type = 'RE' then o.fiscal_year::varchar else company_code() || o.fiscal_year end as reverses_context,
    case when e.document_type in ('RV', 'DR', 'RE', 'KR') then 'CB9980000' || padded(10 + hash(e.journal_id) % 4, 3) when e.document_type in ('DZ', 'KZ', 'SA') then 'CB9980000020'
         when e.document_type in ('DA', 'KA') then 'CB9980000011' else 'CC0000000001' end as created_by
from sap.entry e
left join sap.reversal r on r.journal_id = e.journal_id and r.recorded_at <= horizon()
left join sap.entry o on o.journal_id = e.reverses_journal_id
left join sap.supplier_invoice s on s.journal_id = e.journal_id left join sap.supplier_invoice os on os.journal_id = o.journal_id
where e.recorded_at <= horizon();

create table sap.account as
select a.*, account_of(account_code) as number,
    case type when 'bank' then 'LIQU' when 'receivable' then 'RECV' when 'prepayment' then 'CAST' when 'current_asset' then 'CAST' when 'fixed_asset' then 'FAST' when 'payable' then 'PAYB'
        when 'tax' then 'TAXL' when 'deferred_revenue' then 'DEFR' when 'accrual' then 'ACCR' when 'current_liability' then 'CLIA' when 'term_liability' then 'LOAN' when 'equity' then 'EQTY'
        when 'retained_earnings' then 'EQTY' when 'revenue' then 'REVN' when 'other_income' then 'OINC' when 'direct_cost' then 'COGS' when 'depreciation' then 'DEPR' when 'fx_gain_loss' then 'FXGL'
        when 'income_tax' then 'TAXE' else 'OPEX' end as account_group,
    case when type = 'bank' then 'C' when class in ('asset', 'liability', 'equity') then 'X' when type in ('other_income', 'fx_gain_loss', 'income_tax') then 'N' else 'P' end as account_type,
    class in ('asset', 'liability', 'equity') as is_balance_sheet, coalesce(t.name_de, a.name) as name_de
from meridian.company.account a left join (values
    ('1000', 'Bankkonto'), ('1100', 'Forderungen aus LuL'), ('1150', 'Forderungen gegen verbundene Unternehmen'), ('1200', 'Aktive Rechnungsabgrenzung'), ('2000', 'Verbindlichkeiten aus LuL'),
    ('2050', 'Verbindlichkeiten gegen verb. Unternehmen'), ('2100', 'Umsatzsteuer'), ('2200', 'Passive Rechnungsabgrenzung'), ('3000', 'Gezeichnetes Kapital'), ('3200', 'Gewinnvortrag'),
    ('4000', 'Erlöse Abonnements'), ('4100', 'Erlöse Dienstleistungen'), ('6000', 'Löhne und Gehälter'), ('6100', 'Werbung'), ('6300', 'Miete'), ('6400', 'Reisekosten'), ('6800', 'Abschreibungen')
) t (code, name_de) on t.code = a.account_code
where a.entity_id = entity();

create macro tax_code_of(tax_type, kind) as
    case tax_type when 'output' then 'A1' when 'input' then 'V1' when 'zero' then case when kind like 'sale%' then 'A0' else 'V0' end else '' end;

-- A line of a document with all that both listings of lines show of it. It is made into a table before them, and they are made of that.
create view wire.line as
with offsets as (
    select journal_id, amount_func >= 0 as is_debit, arg_max(account_code, (abs(amount_func), -line_number)) as account_code from meridian.company.journal_line join sap.entry using (journal_id) group by all
)
select e.* exclude (description), l.line_number, l.account_code, a.number as account, a.account_type as gl_account_type, a.is_balance_sheet, a.name as account_name, a.name_de as account_name_de,
    l.amount_func, l.amount_txn, l.currency_txn, n.currency as currency_func, g.amount as amount_global, l.description as line_text, e.description as header_text,
    l.amount_func >= 0 as is_debit, i.account_type as item_type, i.is_cleared, i.clearing_document, i.clearing_year, i.clearing_date, i.clearing_recorded_at, i.invoice_reference, i.invoice_reference_year,
    greatest(e.recorded_at, coalesce(e.reversed_at, e.recorded_at), coalesce(i.changed_at, e.recorded_at)) as changed_at,
    case when a.is_balance_sheet then '' else coalesce(cc.cost_center, '') end as cost_center, case when a.is_balance_sheet then '' else coalesce(cc.functional_area, '') end as functional_area,
    coalesce(pc.profit_center, 'YB900') as profit_center, coalesce(x.sku, '') as product, coalesce(o.order_id, '') as order_id,
    case when i.journal_id is not null then coalesce(d.number, '') else coalesce(o.code, '') end as assignment,
    case when l.customer_id is not null or (e.kind like 'sale%' and e.partner_entity_id is not null) then p.number else '' end as customer,
    case when (l.vendor_id is not null and l.customer_id is null) or (e.kind like 'purchase%' and e.partner_entity_id is not null) then p.number else '' end as supplier,
    coalesce(ic.company, '') as partner_company, tax_code_of(l.tax_type, e.kind) as tax_code,
    case when i.journal_id is null and p.number is not null then p.number else account_of(f.account_code) end as offsetting_account,
    case when i.journal_id is null and p.number is not null then case when e.kind like 'sale%' then 'D' else 'K' end else 'S' end as offsetting_type,
    d.issue_date, d.due_date, d.fx_rate, d.number as document_number, d.reference as document_reference, y.reference as payment_reference, p.party_id
from sap.entry_now e
join meridian.company.journal_line l using (journal_id)
join sap.account a using (account_code)
cross join known.entity n
join sap.global_amount g using (journal_id, line_number)
left join sap.item_now i using (journal_id, line_number)
left join offsets f on f.journal_id = e.journal_id and f.is_debit <> (l.amount_func >= 0)
left join sap.cost_center cc using (department_id)
left join sap.profit_center pc on pc.product_id = l.product_id
left join sap.internal_order o using (campaign_id)
left join meridian.company.product x on x.product_id = l.product_id
left join meridian.company.document d on d.document_id = e.document_id
left join meridian.company.payment y on y.payment_id = e.payment_id
left join sap.party p on p.party_id = party_of(l.customer_id, l.vendor_id, e.partner_entity_id)
left join sap.partner ic on ic.entity_id = coalesce(l.partner_entity_id, e.partner_entity_id);
create table main.line as from wire.line limit 0;
