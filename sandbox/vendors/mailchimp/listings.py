"""Mailchimp's collections: where each is, what filters and sorts it knows, and the JSON of its rows as SQL.

A body is SQL over a row of the listing's table; ``$base`` is the address of the API's root. Texts and moments that are not known are
"", as the vendor has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOMENT, TEXT, FLAG = "moment", "text", "flag"


@dataclass(frozen=True)
class Listing:
    """One collection.

    ``within`` maps path parameters to columns, ``parents`` are the queries that tell whether the resource of the path exists.
    ``filters`` maps a query parameter to its kind and a condition on ``?``; ``words`` are the values that a parameter may have.
    ``sorts`` maps the names of ``sort_field`` to columns, ``order`` is what makes pages fit together. ``single`` is the column by
    which one row is read at ``path/{id}``.
    """

    path: str
    key: str
    table: str
    body: str
    order: str
    single: str = ""
    within: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sorts: Mapping[str, str] = field(default_factory=dict)
    page: str = "*"
    """SQL of the rows that ``offset`` and ``count`` count, where one row of the answer is made of several of the table."""


def _stamp(column: str) -> str:
    return f"coalesce(strftime({column}, '%Y-%m-%dT%H:%M:%S+00:00'), '')"


def _text(column: str) -> str:
    return f"coalesce({column}, '')"


def _rate(part: str, whole: str) -> str:
    return f"coalesce(round({part} / nullif({whole}, 0), 4), 0)"


def _amount(column: str) -> str:
    """SQL of an amount as a JSON number with all its digits, which a double would not keep."""
    return f"(rtrim(rtrim({column}::varchar, '0'), '.'))::json"


def _links(path: str) -> str:
    return f"json_array(json_object('rel', 'self', 'href', $base || {path}, 'method', 'GET'))"


def _shop(row: str = "") -> str:
    """SQL of what was bought because of a mailing."""
    return f"""json_object('total_orders', {row}orders, 'total_spent', {_amount(f"{row}spent")}, 'total_revenue', {_amount(f"{row}revenue")},
        'currency_code', (select currency from account))"""


def _since(name: str, column: str) -> dict[str, tuple[str, str]]:
    return {f"since_{name}": (MOMENT, f"{column} >= ?"), f"before_{name}": (MOMENT, f"{column} < ?")}


_LIST_ID, _STORE_ID = "(select list_id from account)", "(select store_id from account)"
_LIST_NAME = "(select name || ' News' from account)"
_A_LIST = "select 1 from lists where id = ?"
_A_STORE = "select 1 from account where store_id = ?"
_A_REPORT = "select 1 from reports where id = ?"
_FIELDS = f"json_object('FNAME', {_text('first_name')}, 'LNAME', {_text('last_name')}, 'COMPANY', {_text('company')})"
_CAMPAIGN = f"""json_object(
    'id', id, 'web_id', web_id, 'parent_campaign_id', '', 'type', 'regular', 'create_time', {_stamp("created_at")},
    'archive_url', 'http://eepurl.example/' || id, 'long_archive_url', 'https://mailchi.example/brightforms/' || id,
    'status', status, 'emails_sent', emails_sent, 'send_time', {_stamp("send_time")}, 'content_type', 'template',
    'needs_block_refresh', false, 'resendable', status = 'sent',
    'recipients', json_object('list_id', {_LIST_ID}, 'list_is_active', true, 'list_name', {_LIST_NAME}, 'segment_text', '',
        'recipient_count', recipient_count),
    'settings', json_object('subject_line', subject, 'preview_text', '', 'title', title, 'from_name', (select name from account),
        'reply_to', 'news@brightforms.example', 'use_conversation', false, 'to_name', '*|FNAME|*', 'folder_id', '', 'authenticate', true,
        'auto_footer', false, 'inline_css', false, 'auto_tweet', false, 'fb_comments', false, 'timewarp', false, 'template_id', 100,
        'drag_and_drop', true),
    'tracking', json_object('opens', true, 'html_clicks', true, 'text_clicks', false, 'goal_tracking', false, 'ecomm360', true,
        'google_analytics', {_text("utm_campaign")}, 'clicktale', ''),
    'report_summary', case when report is null then null else json_object(
        'opens', report.opens_total, 'unique_opens', report.unique_opens, 'open_rate', {_rate("report.unique_opens", "report.sent")},
        'clicks', report.clicks_total, 'subscriber_clicks', report.unique_clicks, 'click_rate', {_rate("report.unique_clicks", "report.sent")},
        'ecommerce', {_shop("report.")}) end,
    'delivery_status', json_object('enabled', false),
    '_links', {_links("'/campaigns/' || id")})"""

_REPORT = f"""json_object(
    'id', id, 'campaign_title', title, 'type', 'regular', 'list_id', {_LIST_ID}, 'list_is_active', true, 'list_name', {_LIST_NAME},
    'subject_line', subject, 'preview_text', '', 'emails_sent', sent, 'abuse_reports', 0, 'unsubscribed', unsubscribed,
    'send_time', {_stamp("sent_at")}, 'rss_last_send', '',
    'bounces', json_object('hard_bounces', hard_bounces, 'soft_bounces', soft_bounces, 'syntax_errors', 0),
    'forwards', json_object('forwards_count', 0, 'forwards_opens', 0),
    'opens', json_object('opens_total', opens_total, 'unique_opens', unique_opens, 'open_rate', {_rate("unique_opens", "sent")},
        'last_open', {_stamp("last_open")}),
    'clicks', json_object('clicks_total', clicks_total, 'unique_clicks', unique_clicks, 'unique_subscriber_clicks', unique_clicks,
        'click_rate', {_rate("unique_clicks", "sent")}, 'last_click', {_stamp("last_click")}),
    'facebook_likes', json_object('recipient_likes', 0, 'unique_likes', 0, 'facebook_likes', 0),
    'list_stats', json_object('sub_rate', 0, 'unsub_rate', 0, 'open_rate', (select open_rate from lists), 'click_rate', (select click_rate from lists)),
    'timeseries', json_array(json_object('timestamp', {_stamp("sent_at")}, 'emails_sent', sent, 'unique_opens', 0, 'recipients_clicks', 0)),
    'ecommerce', {_shop()}, 'delivery_status', json_object('enabled', false),
    '_links', {_links("'/reports/' || id")})"""

_MEMBER = f"""json_object(
    'id', id, 'email_address', email, 'unique_email_id', substr(id, 1, 10), 'contact_id', id, 'full_name', concat_ws(' ', first_name, last_name),
    'web_id', 700_000 + number, 'email_type', 'html', 'status', status, 'consents_to_one_to_one_messaging', true,
    'merge_fields', {_FIELDS}, 'interests', json_object(),
    'stats', json_object('avg_open_rate', open_rate, 'avg_click_rate', click_rate, 'ecommerce_data', json_object(
        'total_revenue', {_amount("revenue")}, 'number_of_orders', orders, 'currency_code', (select currency from account))),
    'ip_signup', '', 'timestamp_signup', {_stamp("signed_up_at")}, 'ip_opt', case when signed_up_at is null then '' else '203.0.113.7' end,
    'timestamp_opt', {_stamp("opted_in_at")}, 'member_rating', 2, 'last_changed', {_stamp("last_changed")}, 'language', '', 'vip', false,
    'email_client', '', 'location', json_object('latitude', 0, 'longitude', 0, 'gmtoff', 0, 'dstoff', 0, 'country_code', '', 'timezone', '', 'region', ''),
    'source', case when signed_up_at is null then 'Import' else 'API - Generic' end, 'tags_count', len(tags), 'tags', to_json(tags),
    'list_id', {_LIST_ID}, '_links', {_links(f"'/lists/' || {_LIST_ID} || '/members/' || id")})"""

_LIST = f"""json_object(
    'id', id, 'web_id', web_id, 'name', name, 'permission_reminder', 'You signed up on our site.', 'use_archive_bar', false,
    'notify_on_subscribe', '', 'notify_on_unsubscribe', '', 'date_created', {_stamp("created_at")}, 'list_rating', 3, 'email_type_option', false,
    'visibility', 'prv', 'double_optin', false, 'has_welcome', true, 'marketing_permissions', false, 'modules', json_array(),
    'stats', json_object('member_count', member_count, 'total_contacts', total_contacts, 'unsubscribe_count', unsubscribe_count,
        'cleaned_count', cleaned_count, 'member_count_since_send', 0, 'unsubscribe_count_since_send', 0, 'cleaned_count_since_send', 0,
        'campaign_count', campaign_count, 'campaign_last_sent', {_stamp("campaign_last_sent")}, 'merge_field_count', 3,
        'avg_sub_rate', 0, 'avg_unsub_rate', 0, 'target_sub_rate', 0, 'open_rate', coalesce(open_rate, 0), 'click_rate', coalesce(click_rate, 0),
        'last_sub_date', {_stamp("last_sub_date")}, 'last_unsub_date', {_stamp("last_unsub_date")}),
    '_links', {_links("'/lists/' || id")})"""

_ACTIVITY = f"""json_object(
    'campaign_id', campaign, 'list_id', {_LIST_ID}, 'list_is_active', true, 'email_id', member, 'email_address', email,
    'activity', to_json(list_transform(list_filter(activity, one -> one.action is not null), one -> case
        when one.action = 'bounce' then json_object('action', 'bounce', 'type', one.kind, 'timestamp', {_stamp("one.moment")}, 'ip', '')
        when one.action = 'click' then json_object('action', 'click', 'timestamp', {_stamp("one.moment")}, 'url', one.url, 'ip', '203.0.113.7')
        else json_object('action', 'open', 'timestamp', {_stamp("one.moment")}, 'ip', '203.0.113.7') end)),
    '_links', {_links("'/reports/' || campaign || '/email-activity/' || member")})"""

_SENT_TO = f"""json_object(
    'email_id', member, 'email_address', email, 'merge_fields', {_FIELDS}, 'vip', false,
    'status', case when bounce = '' then 'sent' else bounce end, 'open_count', opens, 'last_open', {_stamp("last_open")},
    'absplit_group', '', 'gmt_offset', 0, 'campaign_id', campaign, 'list_id', {_LIST_ID}, 'list_is_active', true,
    '_links', {_links("'/reports/' || campaign || '/sent-to/' || member")})"""

_CLICKED = f"""json_object(
    'id', id, 'url', url, 'total_clicks', total_clicks, 'click_percentage', round(share, 4), 'unique_clicks', unique_clicks,
    'unique_click_percentage', round(share, 4), 'last_click', {_stamp("last_click")}, 'ab_split', json_object(), 'campaign_id', campaign,
    '_links', {_links("'/reports/' || campaign || '/click-details/' || id")})"""

_UNSUBSCRIBED = f"""json_object(
    'email_id', member, 'email_address', email, 'merge_fields', {_FIELDS}, 'vip', false, 'timestamp', {_stamp("moment")},
    'reason', 'None given', 'campaign_id', campaign, 'list_id', {_LIST_ID}, 'list_is_active', true,
    '_links', {_links("'/reports/' || campaign || '/unsubscribed/' || member")})"""

_STORE = f"""json_object(
    'id', store_id, 'list_id', list_id, 'name', name || ' Web Shop', 'platform', 'custom', 'domain', 'shop.brightforms.example', 'is_syncing', false,
    'email_address', 'shop@brightforms.example', 'currency_code', currency, 'money_format', '$', 'primary_locale', 'en', 'timezone', 'UTC',
    'phone', '', 'created_at', {_stamp("opened_at")}, 'updated_at', {_stamp("opened_at")}, 'list_is_active', true,
    '_links', {_links("'/ecommerce/stores/' || store_id")})"""

_CUSTOMER = f"""'id', customer_id, 'email_address', {_text("email")}, 'opt_in_status', false, 'company', {_text("company")},
    'first_name', {_text("first_name")}, 'last_name', {_text("last_name")}"""

_ORDER = f"""json_object(
    'id', id, 'customer', json_object({_CUSTOMER}), 'store_id', {_STORE_ID}, 'campaign_id', {_text("campaign")}, 'landing_site', landing_site,
    'financial_status', financial_status, 'fulfillment_status', '', 'currency_code', currency, 'order_total', {_amount("(net + tax)")},
    'order_url', '', 'discount_total', 0, 'tax_total', {_amount("tax")}, 'shipping_total', 0, 'tracking_code', '',
    'processed_at_foreign', {_stamp("processed_at")}, 'cancelled_at_foreign', '', 'updated_at_foreign', {_stamp("updated_at")},
    'promos', json_array(),
    'lines', (select to_json(list(json_object('id', line.id, 'product_id', line.sku, 'product_title', line.title, 'product_variant_id', line.sku,
        'product_variant_title', line.quantity::integer || ' x ' || line.title, 'image_url', '', 'quantity', 1, 'price', {_amount("line.net_amount")},
        'discount', 0) order by line_number)) from order_line as line where line.document_id = shown.document_id),
    'outreach', case when campaign is null then json_object() else json_object('id', campaign, 'name', (select title from reports where reports.id = campaign),
        'type', 'regular', 'published_time', (select {_stamp("sent_at")} from reports where reports.id = campaign)) end,
    '_links', {_links(f"'/ecommerce/stores/' || {_STORE_ID} || '/orders/' || id")})"""

_BUYER = f"""json_object(
    'id', id, 'email_address', {_text("email")}, 'opt_in_status', false, 'company', {_text("company")}, 'first_name', {_text("first_name")},
    'last_name', {_text("last_name")}, 'orders_count', orders, 'total_spent', {_amount("spent")}, 'created_at', {_stamp("created_at")},
    'updated_at', {_stamp("updated_at")}, '_links', {_links(f"'/ecommerce/stores/' || {_STORE_ID} || '/customers/' || id")})"""

_PRODUCT = f"""json_object(
    'id', id, 'currency_code', (select currency from account), 'title', title, 'handle', lower(id), 'url', '', 'description', '', 'type', '',
    'vendor', '', 'image_url', '', 'variants', json_array(json_object('id', id, 'title', title, 'sku', id, 'price', 0)), 'images', json_array(),
    'published_at_foreign', {_stamp("published_at")}, '_links', {_links(f"'/ecommerce/stores/' || {_STORE_ID} || '/products/' || id")})"""

_AUTOMATION = f"""json_object(
    'id', id, 'create_time', {_stamp("created_at")}, 'start_time', {_stamp("started_at")}, 'status', 'sending', 'emails_sent', emails_sent,
    'recipients', json_object('list_id', {_LIST_ID}, 'list_is_active', true, 'list_name', {_LIST_NAME}, 'segment_opts', json_object(), 'store_id', {_STORE_ID}),
    'settings', json_object('title', title, 'from_name', (select name from account), 'reply_to', 'news@brightforms.example', 'use_conversation', false,
        'to_name', '*|FNAME|*', 'authenticate', true, 'auto_footer', false, 'inline_css', false),
    'tracking', json_object('opens', true, 'html_clicks', true, 'text_clicks', false, 'goal_tracking', false, 'ecomm360', false,
        'google_analytics', '', 'clicktale', ''),
    'trigger_settings', json_object('workflow_type', trigger, 'workflow_title', title, 'runtime', json_object(), 'workflow_emails_count', 1),
    'report_summary', json_object('opens', opens, 'unique_opens', unique_opens, 'open_rate', {_rate("unique_opens", "emails_sent")},
        'clicks', clicks, 'subscriber_clicks', unique_clicks, 'click_rate', {_rate("unique_clicks", "emails_sent")}),
    '_links', {_links("'/automations/' || id")})"""

_STATUSES = frozenset({"subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived"})
_ORDER_FILTERS = {
    "campaign_id": (TEXT, "campaign = ?"),
    "outreach_id": (TEXT, "campaign = ?"),
    "customer_id": (TEXT, "customer_id = ?"),
    "has_outreach": (FLAG, "(campaign is not null) = ?"),
}

LISTINGS = (
    Listing(
        "/campaigns",
        "campaigns",
        "campaigns",
        _CAMPAIGN,
        "web_id",
        "id",
        filters={
            **_since("send_time", "send_time"),
            **_since("create_time", "created_at"),
            "status": (TEXT, "status = ?"),
            "type": (TEXT, "'regular' = ?"),
            "list_id": (TEXT, f"{_LIST_ID} = ?"),
            "folder_id": (TEXT, "'' = ?"),
            "member_id": (TEXT, "id in (select campaign from recipient where member = ?)"),
        },
        words={"status": frozenset({"save", "paused", "schedule", "sending", "sent"})},
        sorts={"create_time": "created_at", "send_time": "send_time"},
    ),
    Listing(
        "/reports",
        "reports",
        "reports",
        _REPORT,
        "web_id",
        "id",
        filters={**_since("send_time", "sent_at"), "type": (TEXT, "'regular' = ?")},
    ),
    Listing(
        "/reports/{id}/email-activity",
        "emails",
        "email_activity",
        _ACTIVITY,
        "place",
        page="""campaign, place, member, email, list({action: action, moment: moment, url: url, kind: kind} order by moment) as activity
            from shown group by campaign, place, member, email""",
        filters={"since": (MOMENT, "moment >= ?")},
        within={"id": "campaign"},
        parents={"id": _A_REPORT},
    ),
    Listing("/reports/{id}/sent-to", "sent_to", "sent_to", _SENT_TO, "place", within={"id": "campaign"}, parents={"id": _A_REPORT}),
    Listing(
        "/reports/{id}/click-details",
        "urls_clicked",
        "click_details",
        _CLICKED,
        "id",
        "id",
        within={"id": "campaign"},
        parents={"id": _A_REPORT},
    ),
    Listing(
        "/reports/{id}/unsubscribed",
        "unsubscribes",
        "unsubscribes",
        _UNSUBSCRIBED,
        "number",
        "member",
        filters={"since": (MOMENT, "moment >= ?")},
        within={"id": "campaign"},
        parents={"id": _A_REPORT},
    ),
    Listing(
        "/lists",
        "lists",
        "lists",
        _LIST,
        "created_at",
        "id",
        filters={
            **_since("date_created", "created_at"),
            **_since("campaign_last_sent", "campaign_last_sent"),
            "email": (TEXT, "exists (select 1 from members where lower(members.email) = lower(?))"),
            "has_ecommerce_store": (FLAG, "true = ?"),
        },
        sorts={"date_created": "created_at"},
    ),
    Listing(
        "/lists/{list}/members",
        "members",
        "members",
        _MEMBER,
        "number",
        "id",
        filters={
            **_since("timestamp_opt", "opted_in_at"),
            **_since("last_changed", "last_changed"),
            "unsubscribed_since": (MOMENT, "unsubscribed_at >= ?"),
            "status": (TEXT, "status = ?"),
            "email_type": (TEXT, "'html' = ?"),
            "unique_email_id": (TEXT, "substr(id, 1, 10) = ?"),
            "vip_only": (FLAG, "not ?"),
        },
        words={"status": _STATUSES},
        sorts={"last_changed": "last_changed", "timestamp_opt": "opted_in_at", "timestamp_signup": "signed_up_at"},
        parents={"list": _A_LIST},
    ),
    Listing("/ecommerce/stores", "stores", "account", _STORE, "store_id", "store_id"),
    Listing("/ecommerce/orders", "orders", "orders", _ORDER, "number", filters=_ORDER_FILTERS),
    Listing(
        "/ecommerce/stores/{store}/orders",
        "orders",
        "orders",
        _ORDER,
        "number",
        "id",
        filters=_ORDER_FILTERS,
        parents={"store": _A_STORE},
    ),
    Listing("/ecommerce/stores/{store}/customers", "customers", "customers", _BUYER, "id", "id", parents={"store": _A_STORE}),
    Listing("/ecommerce/stores/{store}/products", "products", "products", _PRODUCT, "id", "id", parents={"store": _A_STORE}),
    Listing("/ecommerce/stores/{store}/carts", "carts", "(from products where false)", _PRODUCT, "id", parents={"store": _A_STORE}),
    Listing(
        "/automations",
        "automations",
        "automations",
        _AUTOMATION,
        "id",
        "id",
        filters={**_since("create_time", "created_at"), **_since("start_time", "started_at"), "status": (TEXT, "'sending' = ?")},
    ),
)
