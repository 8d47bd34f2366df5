"""What Pipedrive's API sends, as far as the hub uses it: version 2, and of version 1 users, currencies and flows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec

from dlt_sources.records import COUNT, FLAG, TEXT, Day, Filled, Instant, Money, Record, Table, convert, names
from dlt_sources.records.convert import Converted
from dlt_sources.records.declare import Kind
from dlt_sources.records.intake import Endpoint

_NOTHING = msgspec.Raw(b"{}")


def _switched(values: Sequence[bool | int | None]) -> Converted:
    return convert.boolean([None if value is None else bool(value) for value in values])


Switch = Annotated[bool | int, Kind(FLAG.sql, FLAG.arrow, _switched)]
"""A flag of version 1, which has true and false in some calls, and 1 and 0 in others."""


class Deal(Record):
    """A deal; ``deal_type`` is put there by the source, from the custom field that holds it."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "visible_to label_ids is_deleted creator_user_id archive_time stage_order_nr origin_id channel channel_id source_lead_id"
    )

    id: int
    title: str | None = None
    owner_id: int | None = None
    person_id: int | None = None
    org_id: int | None = None
    pipeline_id: int | None = None
    stage_id: int | None = None
    value: Money | None = None
    currency: str | None = None
    status: str | None = None
    probability: Money | None = None
    is_archived: bool = False
    add_time: Instant | None = None
    update_time: Instant | None = None
    stage_change_time: Instant | None = None
    close_time: Instant | None = None
    won_time: Instant | None = None
    lost_time: Instant | None = None
    lost_reason: str | None = None
    expected_close_date: Day | None = None
    origin: str | None = None
    arr: Money | None = None
    mrr: Money | None = None
    acv: Money | None = None
    deal_type: str | None = None
    custom_fields: msgspec.Raw = _NOTHING


class DealProduct(Record):
    """A product on a deal."""

    id: int
    product_id: int | None = None
    product_variation_id: int | None = None
    name: str | None = None
    item_price: Money | None = None
    quantity: Money | None = None
    sum: Money | None = None
    currency: str | None = None
    tax: Money | None = None
    tax_method: str | None = None
    discount: Money | None = None
    discount_type: str | None = None
    is_enabled: bool = True
    comments: str | None = None
    order_nr: int | None = None
    add_time: Instant | None = None
    update_time: Instant | None = None
    billing_frequency: str | None = None
    billing_frequency_cycles: int | None = None
    billing_start_date: Day | None = None


class DealProducts(Record):
    """All products of one deal, put together by the source."""

    deal_id: int
    products: list[DealProduct] = []


class Change(Record):
    """One change of one field of a deal; values are texts, numbers, or more."""

    id: int
    user_id: int | None = None
    field_key: str | None = None
    log_time: Instant | None = None
    change_source: str | None = None
    old_value: msgspec.Raw = msgspec.Raw(b"null")
    new_value: msgspec.Raw = msgspec.Raw(b"null")


class DealChanges(Record):
    """All changes of one deal, put together by the source."""

    deal_id: int
    changes: list[Change] = []


class Address(Record):
    """A place as the vendor takes it apart."""

    value: str | None = None
    country: str | None = None
    locality: str | None = None
    route: str | None = None
    street_number: str | None = None
    postal_code: str | None = None


class Way(Record):
    """An e-mail address or a telephone number."""

    value: str | None = None
    primary: bool = False
    label: str | None = None


class Person(Record):
    """A person; ``mql_at`` and ``sql_at`` are put there by the source, from the custom fields that hold them."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("visible_to label_ids is_deleted picture_id postal_address notes im birthday")

    id: int
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    owner_id: int | None = None
    org_id: int | None = None
    job_title: str | None = None
    add_time: Instant | None = None
    update_time: Instant | None = None
    mql_at: Instant | None = None
    sql_at: Instant | None = None
    emails: list[Way] | None = None
    phones: list[Way] | None = None
    custom_fields: msgspec.Raw = _NOTHING


class Organization(Record):
    """A firm. Newer accounts tell its website and how many people work there."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("visible_to label_ids is_deleted linkedin annual_revenue industry")

    id: int
    name: str | None = None
    owner_id: int | None = None
    website: str | None = None
    employee_count: int | None = None
    add_time: Instant | None = None
    update_time: Instant | None = None
    address: Address | str | None = None
    custom_fields: msgspec.Raw = _NOTHING


class Activity(Record):
    """What somebody did, or will do, with a person: a call, a meeting ..."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "busy location participants attendees conference_meeting_client conference_meeting_url conference_meeting_id "
        "public_description priority note project_id lead_id is_deleted creator_user_id"
    )

    id: int
    subject: str | None = None
    type: str | None = None
    owner_id: int | None = None
    deal_id: int | None = None
    person_id: int | None = None
    org_id: int | None = None
    done: bool = False
    due_date: Day | None = None
    due_time: Filled | None = None
    duration: Filled | None = None
    marked_as_done_time: Instant | None = None
    add_time: Instant | None = None
    update_time: Instant | None = None


class Pipeline(Record):
    """A pipeline of deals."""

    id: int
    name: str | None = None
    order_nr: int | None = None
    is_deleted: bool = False
    is_deal_probability_enabled: bool | None = None
    add_time: Instant | None = None
    update_time: Instant | None = None


class Stage(Record):
    """A stage of a pipeline; ``deal_probability`` is in per cent."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("is_deal_rot_enabled days_to_rotten")

    id: int
    name: str | None = None
    order_nr: int | None = None
    pipeline_id: int | None = None
    deal_probability: Money | None = None
    is_deleted: bool = False
    add_time: Instant | None = None
    update_time: Instant | None = None


class Product(Record):
    """A product that can be sold."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "tax category is_linkable visible_to owner_id prices custom_fields description billing_frequency_cycles"
    )

    id: int
    name: str | None = None
    code: str | None = None
    unit: str | None = None
    is_deleted: bool = False
    billing_frequency: str | None = None
    add_time: Instant | None = None
    update_time: Instant | None = None


class User(Record):
    """A user of the account."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "default_currency locale lang phone activated last_login has_created_company is_admin timezone_name timezone_offset icon_url "
        "is_you is_deleted access"
    )

    id: int
    name: str | None = None
    email: str | None = None
    role_id: int | None = None
    active_flag: Switch | None = True
    created: Instant | None = None
    modified: Instant | None = None


class Currency(Record):
    """A currency that the account knows."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("symbol is_custom_flag")

    id: int
    code: str | None = None
    name: str | None = None
    decimal_points: int | None = None
    active_flag: Switch | None = None


class Option(Record):
    """A choice of a field; its id is a number, or a word in the vendor's own fields."""

    id: str | int
    label: str | None = None


class Field(Record):
    """The definition of a field; the code of one that somebody has added is forty hexadecimal digits."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("description subfields is_optional_response_field ui_visibility important_fields")

    field_code: str
    field_name: str | None = None
    field_type: str | None = None
    is_custom_field: bool | None = None
    options: list[Option] | None = None


def text_of(value: msgspec.Raw | bytes) -> str | None:
    """A value of any kind as text: a text itself, null as nothing, anything else as its JSON."""
    plain: Any = bytes(value).decode()
    if plain.startswith('"'):
        return str(json.loads(plain))
    return None if plain == "null" else str(plain)


def _first(ways: list[Way] | None) -> str | None:
    """The value that is marked as the main one, else the first."""
    filled = [way for way in ways or [] if way.value]
    return next((way.value for way in filled if way.primary), filled[0].value if filled else None)


def _taken_apart(address: Address | str | None) -> Address:
    return address if isinstance(address, Address) else Address(value=address)


def _street(address: Address) -> str | None:
    parts = [part for part in (address.street_number, address.route) if part]
    return " ".join(parts) or None


_OWN = {"custom_fields_json": TEXT}
_PLACE = {"address": TEXT, "country": TEXT, "city": TEXT, "street": TEXT, "postal_code": TEXT}
_PARTS = {"deal_id": COUNT, "line_key": TEXT}


def _version(document: Any) -> str:
    return document.update_time or ""


def _key(document: Any) -> str:
    return str(document.id)


DEALS = Endpoint(
    "deals",
    Deal,
    (
        Table(
            "deals",
            Deal,
            ("id",),
            "Deals, open and closed, archived ones too; those deleted are taken out. `value` is in `currency`.",
            within=_OWN,
            rows=lambda d: [(d, bytes(d.custom_fields).decode())],
            deletable=True,
        ),
    ),
    _key,
    _version,
)
DEAL_PRODUCTS = Endpoint(
    "deal_products",
    DealProducts,
    (
        Table(
            "deal_products",
            DealProduct,
            ("deal_id", "line_key"),
            "Products on deals. All lines of a deal are replaced together.",
            within=_PARTS,
            rows=lambda d: [(line, d.deal_id, str(line.id)) for line in d.products],
            replace=("deal_id",),
            deletable=True,
        ),
    ),
    lambda d: str(d.deal_id),
)
DEAL_CHANGES = Endpoint(
    "deal_changes",
    DealChanges,
    (
        Table(
            "deal_changes",
            Change,
            ("deal_id", "change_key"),
            "What was changed in deals, and when: their flow. Values as text.",
            within={"deal_id": COUNT, "change_key": TEXT, "old_value": TEXT, "new_value": TEXT},
            rows=lambda d: [
                (change, d.deal_id, str(change.id), text_of(change.old_value), text_of(change.new_value)) for change in d.changes
            ],
            replace=("deal_id",),
            deletable=True,
        ),
    ),
    lambda d: str(d.deal_id),
)
PERSONS = Endpoint(
    "persons",
    Person,
    (
        Table(
            "persons",
            Person,
            ("id",),
            "People; those deleted are taken out. The main e-mail address and telephone number of each.",
            within={**_OWN, "email": TEXT, "phone": TEXT},
            rows=lambda d: [(d, bytes(d.custom_fields).decode(), _first(d.emails), _first(d.phones))],
            deletable=True,
        ),
    ),
    _key,
    _version,
)
ORGANIZATIONS = Endpoint(
    "organizations",
    Organization,
    (
        Table(
            "organizations",
            Organization,
            ("id",),
            "Firms; those deleted are taken out.",
            within={**_OWN, **_PLACE},
            rows=lambda d: [
                (d, bytes(d.custom_fields).decode(), a.value, a.country, a.locality, _street(a), a.postal_code)
                for a in (_taken_apart(d.address),)
            ],
            deletable=True,
        ),
    ),
    _key,
    _version,
)
ACTIVITIES = Endpoint(
    "activities",
    Activity,
    (Table("activities", Activity, ("id",), "Calls, meetings and other activities; those deleted are taken out.", deletable=True),),
    _key,
    _version,
)


def _plain(name: str, record: type[Record], description: str) -> Endpoint:
    return Endpoint(name, record, (Table(name, record, ("id",), description),), _key)


def _fields(kind: str) -> Endpoint:
    options = Table(
        f"{kind}_field_options",
        Option,
        ("field_code", "option_id"),
        f"Choices of the fields of {kind}s.",
        within={"field_code": TEXT, "option_id": TEXT},
        rows=lambda d: [(option, d.field_code, str(option.id)) for option in d.options or []],
        replace=("field_code",),
    )
    definitions = Table(f"{kind}_fields", Field, ("field_code",), f"Definitions of the fields of {kind}s.")
    return Endpoint(f"{kind}_fields", Field, (definitions, options), lambda d: str(d.field_code))


PIPELINES = _plain("pipelines", Pipeline, "Pipelines of deals.")
STAGES = _plain("stages", Stage, "Stages of the pipelines, with the probability of a deal in them in per cent.")
PRODUCTS = _plain("products", Product, "Products that can be sold.")
USERS = _plain("users", User, "Users of the account, former ones too.")
CURRENCIES = _plain("currencies", Currency, "Currencies that the account knows.")
DEAL_FIELDS, PERSON_FIELDS = _fields("deal"), _fields("person")

ENDPOINTS = (
    *(DEALS, PERSONS, ORGANIZATIONS, ACTIVITIES, PIPELINES, STAGES, PRODUCTS, USERS, CURRENCIES),
    *(DEAL_FIELDS, PERSON_FIELDS),
)
TABLES = tuple(table for endpoint in (*ENDPOINTS, DEAL_PRODUCTS, DEAL_CHANGES) for table in endpoint.tables)
