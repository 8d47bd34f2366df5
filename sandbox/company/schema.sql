-- The simulated company's own records, from which every vendor emulator draws its part.
--
-- Facts carry `recorded_at` (UTC): the moment the system of record knows them. An emulator whose clock stands at T shows the rows
-- with recorded_at <= T, and the later columns of a row (paid, voided, renamed ...) only once their own moment has passed.
-- The simulation runs past the as-of date (parameter.horizon_days), so that letting time pass needs no new simulation.
-- Money is DECIMAL(20,4) in the currency named beside it; amounts in a journal are debit positive, credit negative.

create schema company;
create schema truth;

create table company.parameter (
    seed bigint, scale double, as_of_date date, horizon_days integer, first_date date, version varchar
);

create table company.entity (
    entity_id varchar primary key,            -- us, de, jp, uk, bf
    name varchar, country varchar, currency varchar,
    fiscal_year_end_month integer, fiscal_year_end_day integer,
    books varchar, plans varchar, crm varchar, marketing varchar,   -- system names: netsuite, adaptive, salesforce, marketo ...
    acquired_date date,                       -- null: always part of the group
    parent_entity_id varchar, ownership_pct decimal(9, 6)                   -- null: the parent itself
);

create table company.fx_rate (                -- business days, as a central bank publishes them
    rate_date date, currency varchar, units_per_eur decimal(18, 9), published_at timestamp,
    primary key (rate_date, currency)
);

create table company.account (
    entity_id varchar, account_code varchar, name varchar,
    class varchar,                            -- asset, liability, equity, revenue, expense
    type varchar,                             -- bank, receivable, prepayment, current_asset, fixed_asset, payable, tax, deferred_revenue,
                                              -- accrual, current_liability, term_liability, equity, retained_earnings,
                                              -- revenue, other_income, direct_cost, expense, depreciation, fx_gain_loss, income_tax
    system_role varchar,                      -- receivable, payable, sales_tax, deferred_revenue, retained_earnings, realised_fx,
                                              -- unrealised_fx, bank, payroll_liability, intercompany_receivable, intercompany_payable, rounding; else null
    group_account varchar, description varchar, currency varchar,   -- currency: foreign bank accounts only
    created_at timestamp,
    primary key (entity_id, account_code)
);

create table company.department (department_id varchar primary key, name varchar);   -- sales, marketing, product, support, general

create table company.employee (
    employee_id varchar primary key, entity_id varchar, department_id varchar, first_name varchar, last_name varchar, email varchar,
    job_title varchar, hired_date date, left_date date, annual_salary decimal(20, 4), currency varchar, created_at timestamp
);

create table company.campaign (
    campaign_id varchar primary key, entity_id varchar, name varchar, renamed_to varchar, renamed_at timestamp,
    channel varchar,                          -- paid_search, paid_social, display, email, webinar, event, content, partner
    objective varchar, utm_source varchar, utm_medium varchar, utm_campaign varchar,
    start_date date, end_date date, budget_amount decimal(20, 4), currency varchar, owner_employee_id varchar, created_at timestamp
);

create table company.campaign_spend (
    campaign_id varchar, spend_date date, impressions bigint, clicks bigint, amount decimal(20, 4), currency varchar, recorded_at timestamp,
    primary key (campaign_id, spend_date)
);

create table company.marketing_email (
    email_id varchar primary key, campaign_id varchar, entity_id varchar, name varchar, subject varchar, published_at timestamp,
    sent bigint, delivered bigint, opened bigint, clicked bigint, bounced bigint, unsubscribed bigint
);

create table company.organization (           -- a firm that may buy, or has bought
    organization_id varchar primary key, entity_id varchar, name varchar, domain varchar, country varchar, city varchar, street varchar,
    postal_code varchar, tax_id varchar, phone varchar, industry varchar, employee_count integer, created_at timestamp
);

create table company.person (
    person_id varchar primary key, organization_id varchar, first_name varchar, last_name varchar, email varchar, phone varchar,
    job_title varchar, created_at timestamp
);

create table company.touch (
    touch_id varchar primary key, person_id varchar, entity_id varchar, campaign_id varchar,     -- campaign null: organic, direct, referral
    channel varchar,                          -- the campaign channels, and organic_search, organic_social, direct, referral
    touch_type varchar,                       -- ad_click, visit, email_click, form_submission, webinar_attended, event_attended, meeting, call
    form_id varchar,                          -- form submissions only
    landing_page varchar, utm_source varchar, utm_medium varchar, utm_campaign varchar,          -- null where tags were lost (a logged defect)
    occurred_at timestamp
);

create table company.form (form_id varchar primary key, entity_id varchar, name varchar, page_url varchar, created_at timestamp);

create table company.lead (
    lead_id varchar primary key, person_id varchar, entity_id varchar, channel varchar, campaign_id varchar,
    created_at timestamp, mql_at timestamp, sql_at timestamp, disqualified_at timestamp
);

create table company.opportunity (
    opportunity_id varchar primary key, entity_id varchar, organization_id varchar, primary_person_id varchar, owner_employee_id varchar,
    name varchar, kind varchar,               -- new, expansion, renewal
    amount decimal(20, 4), currency varchar, created_at timestamp, expected_close_date date,
    outcome varchar, closed_at timestamp,     -- won, lost; null: open
    updated_at timestamp, deleted_at timestamp
);

create table company.opportunity_stage (opportunity_id varchar, stage varchar, entered_at timestamp, primary key (opportunity_id, stage));
                                              -- qualification, discovery, proposal, negotiation, closedwon, closedlost
create table company.opportunity_person (opportunity_id varchar, person_id varchar, role varchar, primary key (opportunity_id, person_id));

create table company.product (product_id varchar primary key, sku varchar, name varchar, description varchar, monthly_price decimal(20, 4), currency varchar);

create table company.opportunity_line (
    opportunity_line_id varchar primary key, opportunity_id varchar, product_id varchar, quantity decimal(20, 4), unit_price decimal(20, 4),
    discount_pct decimal(9, 4), term_months integer, amount decimal(20, 4)
);

create table company.customer (
    customer_id varchar primary key, entity_id varchar, organization_id varchar, billing_name varchar, billing_email varchar,
    first_contract_date date, churned_date date, created_at timestamp
);

create table company.subscription (
    subscription_id varchar primary key, customer_id varchar, entity_id varchar, opportunity_id varchar, product_id varchar,
    quantity decimal(20, 4), unit_price decimal(20, 4), currency varchar, billing_months integer,   -- 1, 3, 12
    start_date date, end_date date, cancelled_at timestamp, created_at timestamp
);

create table company.vendor (
    vendor_id varchar primary key, entity_id varchar, name varchar, email varchar, domain varchar, country varchar, currency varchar,
    tax_id varchar, partner_entity_id varchar, created_at timestamp         -- partner: an entity of the group
);

create table company.document (               -- invoices, bills and their credit notes
    document_id varchar primary key, entity_id varchar,
    kind varchar,                             -- sale, purchase, sale_credit, purchase_credit
    number varchar, reference varchar, customer_id varchar, vendor_id varchar, partner_entity_id varchar,
    issue_date date, due_date date, currency varchar,
    fx_rate decimal(18, 9),                   -- units of document currency for one unit of the entity's own currency
    subtotal decimal(20, 4), tax decimal(20, 4), total decimal(20, 4),
    credits_document_id varchar,              -- credit notes: the document they reduce
    recorded_at timestamp, edited_at timestamp, voided_at timestamp, deleted_at timestamp
);

create table company.document_line (
    document_line_id varchar primary key, document_id varchar, line_number integer, account_code varchar, description varchar,
    quantity decimal(20, 4), unit_price decimal(20, 4), net_amount decimal(20, 4), tax_amount decimal(20, 4), tax_type varchar,
    department_id varchar, campaign_id varchar, product_id varchar, service_start_date date, service_end_date date
);

create table company.payment (                -- of a document; refunds pay a sale_credit
    payment_id varchar primary key, entity_id varchar, document_id varchar, payment_date date, amount_txn decimal(20, 4), currency varchar,
    fx_rate decimal(18, 9), amount_func decimal(20, 4), bank_account_code varchar, reference varchar, recorded_at timestamp, deleted_at timestamp
);

create table company.bank_transaction (       -- money spent or received with no document: fees, interest, card, tax
    bank_transaction_id varchar primary key, entity_id varchar, kind varchar,    -- spend, receive
    vendor_id varchar, transaction_date date, account_code varchar, bank_account_code varchar, description varchar,
    net_amount decimal(20, 4), tax_amount decimal(20, 4), total decimal(20, 4), currency varchar, department_id varchar,
    recorded_at timestamp, deleted_at timestamp
);

create table company.journal (                -- posted and immutable: edits, voids and deletes post a reversal and a new journal
    journal_id varchar primary key, entity_id varchar, journal_date date, recorded_at timestamp,
    source_type varchar,                      -- sale, purchase, sale_credit, purchase_credit, sale_payment, purchase_payment, refund, bank_spend,
                                              -- bank_receive, payroll, revenue_recognition, depreciation, accrual, fx_revaluation, intercompany, opening, manual
    source_id varchar,                        -- document_id, payment_id, bank_transaction_id; null: manual journals
    description varchar, reverses_journal_id varchar
);

create table company.journal_line (
    journal_id varchar, line_number integer, account_code varchar, amount_func decimal(20, 4), amount_txn decimal(20, 4), currency_txn varchar,
    description varchar, department_id varchar, campaign_id varchar, product_id varchar, customer_id varchar, vendor_id varchar,
    partner_entity_id varchar, tax_type varchar, tax_amount decimal(20, 4),
    primary key (journal_id, line_number)
);

create table company.budget (                 -- versions of the plan
    budget_id varchar primary key, entity_id varchar, name varchar, fiscal_year integer,
    version varchar,                          -- original, reforecast_q1 to q3, scenario_upside, scenario_downside; actuals: drivers only, all years
    created_at timestamp, locked_at timestamp -- from when on nobody should change it; scenarios stay open
);
create table company.budget_line (
    budget_id varchar, account_code varchar, department_id varchar, month date, amount decimal(20, 4),   -- natural sign, entity's currency
    primary key (budget_id, account_code, department_id, month)
);
create table company.plan_driver (            -- what the amounts follow from
    budget_id varchar, driver varchar,        -- headcount (by department, at the month's end); volume (seat months) and price (of one), by product
    department_id varchar, product_id varchar, month date, amount decimal(20, 4)
);
create table company.plan_edit (              -- lines that were changed after their version was locked (a logged defect)
    budget_id varchar, account_code varchar, department_id varchar, month date, edited_at timestamp, amount decimal(20, 4)
);
create table company.target (
    metric varchar,                           -- revenue, cac, roi, quota
    scope varchar, scope_key varchar,         -- entity (no key), campaign (no key: all), channel, product (product_id), seller (employee_id)
    entity_id varchar, period_month date, amount decimal(20, 4), currency varchar
);

-- What really happened. Only `scorecard` and tests read it.
create table truth.identity (person_id varchar, organization_id varchar, customer_id varchar, system varchar, object varchar, system_id varchar);
create table truth.touch_credit (opportunity_id varchar, touch_id varchar, channel varchar, campaign_id varchar, credit decimal(18, 12), amount decimal(20, 4));
create table truth.profit_and_loss (entity_id varchar, month date, account_code varchar, amount_func decimal(20, 4), amount_usd decimal(20, 4));   -- natural sign
create table truth.balance_sheet (entity_id varchar, month date, account_code varchar, amount_func decimal(20, 4), amount_usd decimal(20, 4));      -- debit positive
create table truth.cash_flow (entity_id varchar, month date, method varchar, category varchar, account_code varchar, amount_func decimal(20, 4), amount_usd decimal(20, 4));
                                              -- method: indirect, direct; category: operating, investing, financing; cash received positive
create table truth.intercompany (month date, seller_id varchar, buyer_id varchar, currency varchar, billed decimal(20, 4), entered decimal(20, 4), entered_month date);
                                              -- charges between entities: what the seller billed, what the buyer entered, and for which month
create table truth.recurring_revenue (entity_id varchar, month date, customer_id varchar, mrr decimal(20, 4), currency varchar);
create table truth.deal_contract (opportunity_id varchar, entity_id varchar, customer_id varchar, start_date date, currency varchar, agreed_amount decimal(20, 4));
                                              -- won deals: what the customer agreed to pay for the term, whatever the CRM says
create table truth.deal_invoice (document_id varchar, entity_id varchar, opportunity_id varchar, what varchar, net_amount decimal(20, 4));
                                              -- what of an invoice is owed for which deal; what: term, service, expansion (no deal), before (older than the CRM)
create table truth.defect (defect_id varchar, kind varchar, entity_id varchar, record_table varchar, record_id varchar, injected_at timestamp, detail varchar);
