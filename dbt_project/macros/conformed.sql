{# One company of many systems: every system gives the same shapes, each in a model `int_<system>_<shape>_conformed`; this stacks them.
   The columns of a shape, and the systems that have it, are named here and nowhere else: a system that lacks a column gives null. What
   each means stands in models/core/_core__models.yml. #}
{% macro conformed(shape) -%}
    {%- set books = ['xero', 'netsuite', 'sap', 'oracle_fusion', 'quickbooks', 'database'] -%}
    {%- set sales = ['hubspot', 'salesforce', 'pipedrive'] -%}
    {%- set planning = ['adaptive', 'anaplan', 'planguru', 'vena'] -%}
    {%- set ads = ['google_ads', 'meta_ads', 'linkedin_ads'] -%}
    {%- set systems = {
        'gl_quarantine': ['xero', 'quickbooks'],
        'products': ['xero', 'netsuite', 'quickbooks'],
        'companies': sales,
        'people': sales + ['marketo', 'mailchimp'],
        'deals': sales,
        'deal_stages': sales,
        'deal_people': sales,
        'deal_lines': sales,
        'sellers': sales,
        'marketing_campaigns': ['hubspot', 'salesforce', 'marketo', 'mailchimp'] + ads,
        'campaign_spend': ['hubspot', 'salesforce', 'marketo'] + ads,
        'touches': sales + ['marketo', 'mailchimp', 'web_events'],
        'emails': ['hubspot', 'marketo', 'mailchimp'],
        'plan_versions': planning,
        'plan_entries': planning,
        'plan_drivers': planning,
        'plan_targets': planning,
    }.get(shape, books) -%}
    {%- set model = 'gl_quarantined' if shape == 'gl_quarantine' else shape ~ '_conformed' -%}
    {%- set shapes = {
        'books': [
            'connection_id', 'org_unit_id', 'org_unit_name', 'currency_func', 'country_code', 'fiscal_year_end_month', 'fiscal_year_end_day',
            'locked_until_date',
        ],
        'accounts': [
            'connection_id', 'account_id', 'account_code', 'account_name', 'account_class', 'account_type', 'native_type', 'system_role',
            'is_active',
        ],
        'gl_lines': [
            'connection_id', 'org_unit_id', 'line_id', 'line_number', 'journal_id', 'journal_number', 'posting_date', 'document_date',
            'entry_created_at', 'fiscal_year_native', 'fiscal_period_native', 'is_adjustment_period', 'account_id', 'department_name',
            'campaign_ref', 'product_ref', 'party_id', 'partner_ref', 'document_kind', 'document_type', 'document_id', 'document_number',
            'description', 'amount_func', 'amount_txn', 'currency_txn', 'tax_code', 'is_reversal', 'reverses_journal_id', 'is_manual',
            'created_by', '_page_id', '_dlt_load_id',
        ],
        'documents': [
            'connection_id', 'org_unit_id', 'document_id', 'document_number', 'document_kind', 'document_type', 'party_id', 'partner_ref',
            'document_date', 'due_date', 'currency_txn', 'total_txn', 'open_txn', 'total_func', 'open_func', 'status', 'updated_at',
            '_page_id',
        ],
        'payments': [
            'connection_id', 'org_unit_id', 'payment_id', 'payment_kind', 'payment_date', 'document_id', 'bank_account_id', 'currency_txn',
            'amount_txn', 'amount_func', 'status',
        ],
        'parties': [
            'connection_id', 'party_id', 'party_name', 'is_customer', 'is_supplier', 'email', 'tax_id', 'country_code', 'partner_ref', 'phone',
            'street', 'city', 'postal_code', 'created_at',
        ],
        'campaigns': ['connection_id', 'campaign_ref', 'campaign_name'],
        'products': ['connection_id', 'product_ref', 'product_code', 'product_name'],
        'plan_lines': [
            'connection_id', 'org_unit_id', 'plan_line_id', 'plan_id', 'plan_name', 'scenario', 'plan_updated_at', 'department_name',
            'account_id', 'period_month', 'amount_func', 'is_debit_positive',
        ],
        'plan_versions': [
            'connection_id', 'plan_id', 'org_unit_ref', 'plan_name', 'scenario', 'fiscal_year', 'updated_at', 'is_locked',
        ],
        'plan_entries': [
            'connection_id', 'plan_line_id', 'plan_id', 'org_unit_ref', 'account_code', 'account_name', 'department_name', 'period_month',
            'amount_func', 'phasing_method', '_page_id',
        ],
        'plan_drivers': [
            'connection_id', 'plan_id', 'org_unit_ref', 'driver', 'department_name', 'product_name', 'period_month', 'amount',
        ],
        'plan_targets': [
            'connection_id', 'org_unit_ref', 'metric', 'scope', 'scope_ref', 'period_month', 'amount', 'currency',
        ],
        'gl_quarantine': [
            'connection_id', 'org_unit_id', 'document_kind', 'document_type', 'document_id', 'document_number', 'document_date', 'reason',
            'amount_func', 'detail',
        ],
        'fx_rates': ['connection_id', 'org_unit_id', 'from_currency', 'to_currency', 'rate_date', 'rate'],
        'companies': [
            'connection_id', 'company_id', 'org_unit_ref', 'company_name', 'domain', 'industry', 'country', 'city', 'street', 'postal_code',
            'phone', 'tax_id', 'created_at',
        ],
        'people': [
            'connection_id', 'person_id', 'org_unit_ref', 'company_id', 'first_name', 'last_name', 'email', 'phone', 'job_title',
            'created_at', 'lead_at', 'mql_at', 'sql_at', 'disqualified_at',
        ],
        'marketing_campaigns': [
            'connection_id', 'campaign_id', 'org_unit_ref', 'campaign_name', 'campaign_utm', 'channel_native', 'start_date', 'end_date',
            'currency_txn', 'budget_txn',
        ],
        'campaign_spend': [
            'connection_id', 'campaign_id', 'campaign_name', 'org_unit_ref', 'spend_date', 'currency_txn', 'amount_txn', 'impressions',
            'clicks', 'conversions',
        ],
        'touches': [
            'connection_id', 'person_id', 'email', 'occurred_at', 'touch_type', 'campaign_id', 'campaign_utm', 'utm_medium',
            'traffic_source',
        ],
        'deals': [
            'connection_id', 'deal_id', 'org_unit_ref', 'deal_name', 'company_id', 'person_id', 'owner_id', 'deal_type', 'pipeline_name',
            'stage_name', 'status', 'probability', 'amount_txn', 'currency_txn', 'amount_func', 'created_at', 'expected_close_date',
            'closed_at', 'updated_at',
        ],
        'deal_stages': ['connection_id', 'deal_id', 'stage_name', 'entered_at'],
        'deal_people': ['connection_id', 'deal_id', 'person_id', 'role'],
        'deal_lines': [
            'connection_id', 'deal_id', 'line_id', 'product_name', 'product_sku', 'quantity', 'unit_price_txn', 'discount_pct',
            'amount_txn', 'term_months',
        ],
        'sellers': ['connection_id', 'owner_id', 'org_unit_ref', 'seller_name', 'email', 'team_name', 'is_active'],
        'emails': [
            'connection_id', 'email_id', 'org_unit_ref', 'email_name', 'subject', 'campaign_id', 'sent_at', 'sent_count',
            'delivered_count', 'opened_count', 'clicked_count', 'bounced_count', 'unsubscribed_count',
        ],
    } -%}
    {%- for system in systems %}
    select
        '{{ system }}' as source_system,
        {%- for column in shapes[shape] %}
        {{ 'coalesce(names.group_name, told.department_name) as department_name' if column == 'department_name' else column }}
            {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_' ~ system ~ '_' ~ model) }}
        {%- if 'department_name' in shapes[shape] %} as told
    -- Books and plans may call a department otherwise than the group does.
    left join (
        select
            department_ref,
            department_name as group_name
        from {{ ref('department_names') }}
        where source_system = '{{ system }}'
    ) as names on told.department_name = names.department_ref
        {%- endif %}
    -- What was read of a connection that the settings no longer name is kept, and counts for nothing.
    where connection_id in (select connected.connection_id from {{ ref('stg_hub__connections') }} as connected)
        {%- if not loop.last %}
    union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
