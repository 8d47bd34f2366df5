"""Insights: what is asked of them, and the SQL that answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from sandbox.vendors.ads import Account
from sandbox.vendors.meta_ads import replies
from sandbox.vendors.meta_ads.replies import Refusal

_LEVELS = {"account": (), "campaign": ("campaign",), "adset": ("campaign", "adset"), "ad": ("campaign", "adset", "ad")}
_KEYS = {
    "account": "a.id, a.name, a.currency, a.minor_digits",
    "campaign": "c.id, c.name, c.objective",
    "adset": "g.id, g.name",
    "ad": "g.id + 10_000_000_000_000",
}
_FIELDS: Mapping[str, tuple[str, str]] = {  # by name: the level from which on there is one, and its SQL; every number is a string
    "account_id": ("account", "a.id"),
    "account_name": ("account", "a.name"),
    "account_currency": ("account", "a.currency"),
    "campaign_id": ("campaign", "c.id::varchar"),
    "campaign_name": ("campaign", "c.name"),
    "objective": ("campaign", "case c.objective when 'awareness' then 'OUTCOME_AWARENESS' else 'OUTCOME_LEADS' end"),
    "adset_id": ("adset", "g.id::varchar"),
    "adset_name": ("adset", "g.name"),
    "ad_id": ("ad", "(g.id + 10_000_000_000_000)::varchar"),
    "ad_name": ("ad", "g.name || ' ad'"),
    "spend": (
        "account",
        "case a.minor_digits when 0 then sum(r.amount)::bigint::varchar else sum(r.amount)::decimal(20, 2)::varchar end",
    ),
    "impressions": ("account", "sum(r.impressions)::varchar"),
    "clicks": ("account", "sum(r.clicks)::varchar"),
    "actions": (
        "account",
        """case when sum(r.conversions) > 0 then json_array(json_object('action_type', 'lead', 'value', sum(r.conversions)::varchar),
            json_object('action_type', 'link_click', 'value', sum(r.clicks)::varchar))
        else json_array(json_object('action_type', 'link_click', 'value', sum(r.clicks)::varchar)) end""",
    ),
    "action_values": ("account", "json_array()"),
    "date_start": ("account", "{start}::varchar"),
    "date_stop": ("account", "{stop}::varchar"),
}
_PRESETS = {"last_7d": 7, "last_14d": 14, "last_28d": 28, "last_30d": 30, "last_90d": 90}


class _Range(msgspec.Struct):
    since: date
    until: date


@dataclass(frozen=True)
class Insights:
    """One question: of which account and level, over which days, each day by itself or all as one."""

    account: Account
    level: str
    fields: tuple[str, ...]
    since: date
    until: date
    daily: bool

    @property
    def sql(self) -> str:
        """Rows as JSON, sorted; its values are account, first and last day."""
        day = {"start": "r.day", "stop": "r.day"} if self.daily else {"start": "min(?::date)", "stop": "max(?::date)"}
        members = ", ".join(f"'{name}', {_FIELDS[name][1].format(**day)}" for name in (*self.fields, "date_start", "date_stop"))
        keys = [_KEYS["account"], *(_KEYS[one] for one in _LEVELS[self.level]), *(["r.day"] if self.daily else [])]
        order = [key.partition(",")[0] for key in keys]
        return f"""select json_object({members})::varchar
            from report r join accounts a on a.id = r.account_id join campaigns c on c.id = r.campaign_id
            join ad_groups g on g.id = r.ad_group_id
            where r.account_id = ? and r.day between ? and ? group by {", ".join(keys)} order by {", ".join(reversed(order))}"""

    @property
    def values(self) -> list[object]:
        """The values of the query, in their order."""
        around = [] if self.daily else [self.since, self.until]
        return [*around, self.account.id, self.since, self.until]


def asked(account: Account, options: Mapping[str, str], today: date) -> Insights:
    """What the options of a call ask for.

    Raises :class:`Refusal` that names what the vendor would not accept either.
    """
    level = options.get("level", "account")
    if level not in _LEVELS:
        raise Refusal(100, f"(#100) Param level must be one of {{ad, adset, campaign, account}}, not '{level}'")
    known = {"account", *_LEVELS[level]}
    wanted = replies.listed(options.get("fields", "impressions,spend"))
    for name in wanted:
        if name not in _FIELDS:
            raise Refusal(100, f"(#100) {name} is not valid for fields param.")
    fields = tuple(name for name in dict.fromkeys(wanted) if _FIELDS[name][0] in known and name not in {"date_start", "date_stop"})
    increment = options.get("time_increment", "all_days")
    if increment not in {"1", "all_days"}:
        raise Refusal(100, f"(#100) The sandbox knows the time_increment 1 and all_days, not '{increment}'")
    since, until = _span(options, today)
    if since > until:
        raise Refusal(100, "(#100) The start date must be before or equal to the end date", subcode=1487534)
    return Insights(account, level, fields, since, until, increment == "1")


def _span(options: Mapping[str, str], today: date) -> tuple[date, date]:
    if "time_range" in options:
        try:
            found = msgspec.json.decode(options["time_range"].replace("'", '"'), type=_Range)
        except msgspec.DecodeError:
            raise Refusal(100, "(#100) Param time_range must be an object with since and until, as YYYY-MM-DD") from None
        return found.since, found.until
    preset = options.get("date_preset", "last_30d")
    if preset == "maximum":
        return date(2010, 1, 1), today
    if preset == "today":
        return today, today
    if preset not in _PRESETS:
        raise Refusal(100, f"(#100) date_preset must be one of {', '.join(_PRESETS)}, not '{preset}'")
    return today - timedelta(days=_PRESETS[preset]), today - timedelta(days=1)
