-- Chance, calendars, the entities and their shape, accounts, products: what the other chapters share.

-- A number in [0, 1) that depends on seed, topic and key alone.
-- One text is hashed: the hashes of several arguments are combined so weakly that topics would be correlated (measured: -0.6).
create temp macro chance(topic, key) as (hash(concat_ws('|', getvariable('seed'), topic, key)) >> 11)::double / 9007199254740992.0;
-- Chance that something goes wrong: never, in a company without flaws.
create temp macro flaw(topic, key) as case when getvariable('flaws') then chance(topic, key) else 1 end;
-- A draw from the standard normal distribution (Box and Muller).
create temp macro normal(topic, key) as
    sqrt(-2 * ln(1 - chance(topic || ' radius', key))) * cos(2 * pi() * chance(topic || ' angle', key));
create temp macro pick(choices, topic, key) as choices[1 + floor(chance(topic, key) * len(choices))::integer];
-- Money in the smallest unit of its currency.
create temp macro money(amount, currency) as
    (case when currency = 'JPY' then round(amount::double, 0) else round(amount::double, 2) end)::decimal(20, 4);
create temp macro workday(day) as (day + case isodow(day) when 6 then 2 when 7 then 1 else 0 end)::date;
-- A moment of the working day, in UTC.
create temp macro at_work(day, topic, key) as day::timestamp + to_seconds(25200 + floor(chance(topic, key) * 36000)::integer);
-- How many whole things an expected number makes: the fraction is a chance.
create temp macro count_of(expected, topic, key) as floor(expected + chance(topic, key))::integer;
-- A number with leading zeros; one that is wider keeps all its digits, which lpad would cut off.
create temp macro padded(number, width) as lpad(number::varchar, greatest(width, length(number::varchar))::integer, '0');
create temp macro code(prefix, entity, number, width) as prefix || '-' || entity || '-' || padded(number, width);
create temp macro month_of(day) as date_trunc('month', day)::date;
create temp macro month_index(day) as date_diff('month', getvariable('first_date'), day);
-- Demand grows by about 1.1 % a month, dips in summer and at the year's end, and peaks before quarters close.
create temp macro growth(day) as greatest(0.5, 1 + 0.011 * month_index(day));
create temp macro season(day) as ([0.96, 1.02, 1.12, 1.0, 1.0, 1.04, 0.84, 0.78, 1.1, 1.1, 1.12, 0.82])[month(day)];

insert into company.entity values
    ('us', 'Meridian Inc.', 'US', 'USD', 12, 31, 'netsuite', 'adaptive', 'salesforce', 'marketo', null, null, null),
    ('de', 'Meridian Deutschland GmbH', 'DE', 'EUR', 12, 31, 'sap', 'anaplan', 'salesforce', 'marketo', null, 'us', 100),
    ('jp', 'Meridian Japan KK', 'JP', 'JPY', 12, 31, 'oracle_fusion', 'anaplan', 'salesforce', 'marketo', null, 'us', 85),
    ('uk', 'Meridian UK Ltd', 'GB', 'GBP', 3, 31, 'xero', 'vena', 'hubspot', 'hubspot_marketing', null, 'us', 100),
    ('bf', 'BrightForms LLC', 'US', 'USD', 12, 31, 'quickbooks', 'planguru', 'pipedrive', 'mailchimp', date '2024-04-01', 'us', 100);

-- What makes one entity differ from another.
--   customers: at the start; organizations: new ones a month; price: of a seat, in the entity's currency, for one of the price list;
--   salary: likewise; staff: share of the parent's (like media, it grows with the scale); tax_rate: on domestic sales and bills; terms: days to pay; foreign: the share of
--   customers billed in foreign_currency; media: spent on campaigns a month, in the entity's currency
create temp table shape as
select s.* replace (s.staff * getvariable('scale') as staff, s.media * getvariable('scale') as media), greatest(getvariable('first_date'), coalesce(e.acquired_date, getvariable('first_date')))::date as start_date,
    e.currency, e.country, e.books
from (values
    ('us', 200, 72, 1.00, 1.00, 1.00, 0.00, 30, 0.04, 'EUR', 58000),
    ('de', 75, 28, 0.92, 0.86, 0.40, 0.19, 30, 0.05, 'USD', 21000),
    ('jp', 40, 16, 145.0, 118.0, 0.25, 0.10, 60, 0.00, 'USD', 2100000),
    ('uk', 75, 30, 0.80, 0.76, 0.40, 0.20, 30, 0.12, 'EUR', 19000),
    ('bf', 60, 20, 0.90, 0.80, 0.14, 0.00, 15, 0.00, 'CAD', 6500)
) s (entity_id, customers, organizations, price, salary, staff, tax_rate, terms, foreign_share, foreign_currency, media)
join company.entity e using (entity_id);

create temp table calendar as
select day::date as day from generate_series(getvariable('first_date') - interval 14 month, getvariable('last_date')::timestamp, interval 1 day) t (day);
create temp table months as
select distinct month_of(day) as month, last_day(day) as month_end from calendar where day >= getvariable('first_date');
create temp table entity_month as
select s.entity_id, m.month, m.month_end, s.currency, s.country from months m join shape s on m.month >= s.start_date;

insert into company.department values
    ('sales', 'Sales'), ('marketing', 'Marketing'), ('product', 'Product Development'), ('support', 'Customer Success'), ('general', 'General');

insert into company.product values
    ('prd-core', 'MRD-CORE', 'Meridian Core', 'Planning and close, per seat and month', 49, 'USD'),
    ('prd-plus', 'MRD-PLUS', 'Meridian Plus', 'Core with consolidation, per seat and month', 89, 'USD'),
    ('prd-data', 'MRD-DATA', 'Meridian Data', 'Data connections, per seat and month', 19, 'USD'),
    ('prd-form', 'BF-FORMS', 'BrightForms', 'Forms and approvals, per seat and month', 25, 'USD'),
    ('prd-onb', 'SVC-ONB', 'Onboarding', 'Onboarding service, per hour', 180, 'USD');

insert into company.account
select e.entity_id, a.account_code, a.name, a.class, a.type, a.system_role, a.account_code, a.description, null,
    (getvariable('first_date') - interval 400 day)::timestamp
from company.entity e cross join (values
    ('1000', 'Operating Bank Account', 'asset', 'bank', 'bank', 'Day-to-day account'),
    ('1100', 'Accounts Receivable', 'asset', 'receivable', 'receivable', 'Open sales invoices'),
    ('1150', 'Intercompany Receivable', 'asset', 'receivable', 'intercompany_receivable', 'Open invoices to entities of the group'),
    ('1190', 'Currency Revaluation', 'asset', 'current_asset', null, 'Month-end valuation of open foreign items'),
    ('1200', 'Prepayments', 'asset', 'prepayment', null, 'Paid for later periods'),
    ('1500', 'Computer Equipment', 'asset', 'fixed_asset', null, 'At cost'),
    ('1700', 'Investments in Subsidiaries', 'asset', 'fixed_asset', null, 'Shares in entities of the group, at cost'),
    ('1590', 'Accumulated Depreciation', 'asset', 'fixed_asset', null, 'Of computer equipment'),
    ('2000', 'Accounts Payable', 'liability', 'payable', 'payable', 'Open bills'),
    ('2050', 'Intercompany Payable', 'liability', 'payable', 'intercompany_payable', 'Open bills of entities of the group'),
    ('2100', 'Sales Tax', 'liability', 'tax', 'sales_tax', 'Owed on sales less paid on bills'),
    ('2200', 'Deferred Revenue', 'liability', 'deferred_revenue', 'deferred_revenue', 'Billed and not yet earned'),
    ('2300', 'Accrued Expenses', 'liability', 'accrual', null, 'Received and not yet billed'),
    ('2400', 'Payroll Liabilities', 'liability', 'current_liability', 'payroll_liability', 'Wages, social security and taxes to pay'),
    ('2600', 'Term Loan', 'liability', 'term_liability', null, 'Bank loan'),
    ('3000', 'Share Capital', 'equity', 'equity', null, 'Paid in'),
    ('3200', 'Retained Earnings', 'equity', 'retained_earnings', 'retained_earnings', 'Of the years before'),
    ('4000', 'Subscription Revenue', 'revenue', 'revenue', null, 'Seats, earned by the day'),
    ('4100', 'Services Revenue', 'revenue', 'revenue', null, 'Onboarding'),
    ('4900', 'Intercompany Revenue', 'revenue', 'revenue', null, 'Charged to entities of the group'),
    ('5000', 'Hosting', 'expense', 'direct_cost', null, 'Infrastructure of the product'),
    ('5100', 'Customer Success Salaries', 'expense', 'direct_cost', null, 'Wages of customer success'),
    ('5200', 'Payment Processing', 'expense', 'direct_cost', null, 'Card and processor fees'),
    ('6000', 'Salaries', 'expense', 'expense', null, 'Wages'),
    ('6050', 'Social Security and Pensions', 'expense', 'expense', null, 'Employer''s share'),
    ('6100', 'Advertising', 'expense', 'expense', null, 'Media of campaigns'),
    ('6110', 'Events', 'expense', 'expense', null, 'Fairs, webinars and sponsoring'),
    ('6120', 'Content and Agencies', 'expense', 'expense', null, 'Writers, designers, partners'),
    ('6200', 'Software', 'expense', 'expense', null, 'Tools of the departments'),
    ('6300', 'Rent', 'expense', 'expense', null, 'Offices'),
    ('6400', 'Travel', 'expense', 'expense', null, 'Trains, flights, hotels'),
    ('6500', 'Professional Fees', 'expense', 'expense', null, 'Audit, legal, consulting'),
    ('6600', 'Insurance', 'expense', 'expense', null, 'Liability and property'),
    ('6700', 'Bad Debts', 'expense', 'expense', null, 'Invoices written off'),
    ('6750', 'Intercompany Charges', 'expense', 'expense', null, 'Charged by entities of the group'),
    ('6800', 'Depreciation', 'expense', 'depreciation', null, 'Of computer equipment'),
    ('6900', 'Bank Fees', 'expense', 'expense', null, 'Account and transfer fees'),
    ('7000', 'Interest Income', 'revenue', 'other_income', null, 'On deposits'),
    ('7100', 'Realised Currency Gains', 'expense', 'fx_gain_loss', 'realised_fx', 'Between invoice and payment'),
    ('7110', 'Unrealised Currency Gains', 'expense', 'fx_gain_loss', 'unrealised_fx', 'Of open foreign items'),
    ('7900', 'Rounding', 'expense', 'expense', 'rounding', 'Cents'),
    ('8000', 'Income Tax', 'expense', 'income_tax', null, 'Of the year')
) a (account_code, name, class, type, system_role, description);
