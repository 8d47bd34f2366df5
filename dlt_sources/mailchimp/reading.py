"""How each of Mailchimp's collections is read: whole, by moment of change, or report by report."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from dlt_sources.assembly import State
from dlt_sources.http import ApiClient, MalformedReply, NotFound, Reply, Request
from dlt_sources.mailchimp import records
from dlt_sources.mailchimp.pages import identities, listing
from dlt_sources.records import Archive
from dlt_sources.records.convert import read_instant
from dlt_sources.records.intake import Endpoint, Intake

OVERLAP = timedelta(hours=1)  # members: changes are not promised to be listed in their order
_LONG_AGO = datetime(1970, 1, 1)  # noqa: DTZ001 - moments here are UTC without offset
ACTIVITY_OVERLAP = timedelta(days=1)  # openings and bounces are told late by the readers' own servers

WHOLE = {
    "lists": ("lists", "lists"),
    "campaigns": ("campaigns", "campaigns"),
    "stores": ("ecommerce/stores", "stores"),
    "automations": ("automations", "automations"),
}
"""Collections that are read whole -> path and key."""
_OPTIONS = {
    "campaigns": {
        "exclude_fields": "campaigns._links,campaigns.report_summary,_links",
        "sort_field": "create_time",
        "sort_dir": "DESC",
    }
}
_ORDER_OPTIONS = {"exclude_fields": "orders._links,orders.customer.orders_count,orders.customer.total_spent,_links"}
_MEMBER_OPTIONS = {
    "exclude_fields": "members._links,members.stats,members.location,members.last_note,_links",
    # Who changes while the list is read comes to its front: others come twice, and none slips through.
    "sort_field": "last_changed",
    "sort_dir": "DESC",
}


class _Acts(msgspec.Struct):
    email_id: str
    campaign_id: str | None = None
    email_address: str | None = None
    activity: list[dict[str, msgspec.Raw]] = []


class _Dated(msgspec.Struct):
    id: str
    send_time: str | None = None
    last_changed: str | None = None


@dataclass
class Session:
    """The client and the archive of one extraction."""

    connection_id: str
    api: ApiClient
    archive: Archive
    restate: timedelta
    between_reconciliations: timedelta
    details_per_run: int

    def intake(self, endpoint: Endpoint, known: MutableMapping[str, str] | None, *, listing: str = "") -> Intake:
        """An intake of this extraction."""
        return Intake(endpoint, connection_id=self.connection_id, archive=self.archive, known=known, listing=listing)


def whole(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Small collections, read whole each time; unchanged rows are left out, those that are gone taken out."""
    path, key = WHOLE[endpoint.name]
    known: dict[str, str] = state.setdefault("known", {})
    intake, there = session.intake(endpoint, known), set[str]()
    for reply, rows in listing(session.api, path, key, _OPTIONS.get(endpoint.name, {"exclude_fields": f"{key}._links,_links"})):
        there.update(identities(rows))
        yield from intake.take(reply, rows)
    yield from _take_out(intake, known, [(id_,) for id_ in sorted(known.keys() - there)])


def orders(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """All orders of all shops, since nothing tells which have changed; only those that have are written."""
    known: dict[str, str] = state.setdefault("known", {})
    intake, there = session.intake(endpoint, known), set[str]()
    for store in _ids(session.api, "ecommerce/stores", "stores"):
        for reply, rows in listing(session.api, f"ecommerce/stores/{store}/orders", "orders", _ORDER_OPTIONS):
            there.update(f"{store}|{id_}" for id_ in identities(rows))
            yield from intake.take(reply, _each_with(rows, "store_id", store))
    yield from _take_out(intake, known, [tuple(key.split("|", 1)) for key in sorted(known.keys() - there)])


def members(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """The members of each list: those that changed, and from time to time which of them are no longer there."""
    lists: dict[str, dict[str, Any]] = state.setdefault("lists", {})
    started = datetime.now(UTC)
    due = "reconciled_at" in state and started - datetime.fromisoformat(state["reconciled_at"]) >= session.between_reconciliations
    taken = session.intake(endpoint, {})
    there = _ids(session.api, "lists", "lists")
    for id_ in there:
        kept = lists.setdefault(id_, {"ids": [], "known": {}, "until": None})
        loaded = set[str]()
        yield from _changed_members(session, endpoint, id_, kept, loaded)
        if due:
            yield from _reconcile(session, endpoint, id_, kept, taken, loaded)
    for id_ in sorted(lists.keys() - set(there)):
        yield from taken.gone([(id_, member) for member in lists.pop(id_)["ids"]])
    yield from taken.finish()
    if due or "reconciled_at" not in state:
        state["reconciled_at"] = started.isoformat()


def _changed_members(session: Session, endpoint: Endpoint, list_id: str, kept: dict[str, Any], loaded: set[str]) -> Iterator[Any]:
    options, path = dict(_MEMBER_OPTIONS), f"lists/{list_id}/members"
    until = datetime.fromisoformat(kept["until"]) if kept["until"] else None
    if until:
        options["since_last_changed"] = _stamp(until - OVERLAP)
    intake, ids, changed = session.intake(endpoint, kept["known"], listing=list_id), set(kept["ids"]), dict[str, datetime]()
    # Archived members are asked for by name too: accounts differ in whether they stand among the others.
    for status in ({}, {"status": "archived"}):
        for reply, rows in listing(session.api, path, "members", options | status):
            yield from intake.take(reply, _each_with(rows, "list_id", list_id))
            for one in _dated(rows):
                ids.add(one.id)
                loaded.add(one.id)
                if moment := _moment(one.last_changed):
                    changed[f"{list_id}|{one.id}"] = moment
    yield from intake.finish()
    latest = max([*changed.values(), *([until] if until else [])], default=None)
    if latest:
        kept["until"] = latest.isoformat()
        kept["known"] = {key: value for key, value in kept["known"].items() if changed.get(key, _LONG_AGO) >= latest - OVERLAP}
    kept["ids"] = sorted(ids)


def _reconcile(
    session: Session, endpoint: Endpoint, list_id: str, kept: dict[str, Any], taken: Intake, loaded: set[str]
) -> Iterator[Any]:
    """Compare the ids of a list with those that are loaded: who is gone is taken out, who was missed is read.

    Who was listed a moment ago and is gone now waits for the next time: one load does not both bring and take.
    """
    path, living = f"lists/{list_id}/members", set[str]()
    for status in ({}, {"status": "archived"}):
        only = {"fields": "members.id,total_items", "sort_field": "timestamp_opt", "sort_dir": "ASC"}
        for _, rows in listing(session.api, path, "members", only | status):
            living.update(identities(rows))
    known = set(kept["ids"])
    yield from taken.gone([(list_id, id_) for id_ in sorted(known - living - loaded)])
    missed = session.intake(endpoint, {}, listing=f"{list_id}_missed")
    for id_ in sorted(living - known):
        try:
            reply = session.api.send(Request("GET", f"{path}/{id_}", {"exclude_fields": "_links,stats"}), _single)
        except NotFound:
            continue
        yield from missed.take(reply, _each_with([msgspec.Raw(reply.body)], "list_id", list_id))
    yield from missed.finish()
    kept["ids"] = sorted(living | (known & loaded))


def reports(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Reports of what was sent lately, which go on changing, and the details of those that did: a bounded number in one run."""
    known: dict[str, str] = state.setdefault("known", {})
    intake, before, sent = session.intake(endpoint, known), dict(known), dict[str, datetime]()
    options = {"exclude_fields": "reports._links,reports.timeseries,reports.list_stats,reports.industry_stats,_links"}
    if state.get("sent_until"):
        options["since_send_time"] = _stamp(datetime.fromisoformat(state["sent_until"]) - session.restate)
    for reply, rows in listing(session.api, "reports", "reports", options):
        yield from intake.take(reply, rows)
        for one in _dated(rows):
            sent[one.id] = _moment(one.send_time) or _LONG_AGO
    yield from intake.finish()
    changed = [id_ for id_ in sorted(sent, key=lambda id_: sent[id_], reverse=True) if known.get(id_) != before.get(id_)]
    waiting = [*changed, *(id_ for id_ in state.get("waiting", []) if id_ not in set(changed))]
    yield from _details(session, state, waiting[: session.details_per_run])
    state["waiting"] = waiting[session.details_per_run :]
    if sent:
        state["sent_until"] = max([*sent.values(), *_moments(state.get("sent_until"))]).isoformat()
        state["known"] = {key: value for key, value in known.items() if key in sent}
        _forget(state, sent.keys() | set(state["waiting"]))


def _forget(state: State, wanted: AbstractSet[str]) -> None:
    """Leave out what is known of the details of reports that will not be read again."""
    state["acts"] = {campaign: one for campaign, one in state["acts"].items() if campaign in wanted}
    for name in ("known_links", "known_leavers"):
        state[name] = {key: value for key, value in state[name].items() if key.partition("|")[0] in wanted}


def _details(session: Session, state: State, campaigns: Sequence[str]) -> Iterator[Any]:
    links, leavers = state.setdefault("known_links", {}), state.setdefault("known_leavers", {})
    clicked = session.intake(records.CLICKED_URLS, links)
    left = session.intake(records.UNSUBSCRIBES, leavers)
    acts: dict[str, dict[str, Any]] = state.setdefault("acts", {})
    acted = session.intake(records.ACTIVITY, known := {key: value for one in acts.values() for key, value in one["known"].items()})
    for campaign in campaigns:
        path = f"reports/{campaign}"
        try:
            yield from _activity(session.api, acted, campaign, acts.setdefault(campaign, {"until": None, "known": {}}), known)
            for intake, part, key in ((clicked, "click-details", "urls_clicked"), (left, "unsubscribed", "unsubscribes")):
                options = {"exclude_fields": f"{key}._links,_links"}
                for reply, rows in listing(session.api, f"{path}/{part}", key, options, counted=False):
                    yield from intake.take(reply, _each_with(rows, "campaign_id", campaign))
        except NotFound:
            continue  # the mailing was deleted meanwhile, and its report with it
    for intake in (acted, clicked, left):
        yield from intake.finish()


def _activity(
    api: ApiClient, intake: Intake, campaign: str, kept: dict[str, Any], known: MutableMapping[str, str]
) -> Iterator[Any]:
    """What readers did since the last reading, one document for each act."""
    until = next(iter(_moments(kept["until"])), None)
    options = {"exclude_fields": "emails._links,_links"} | ({"since": _stamp(until - ACTIVITY_OVERLAP)} if until else {})
    moments: dict[str, datetime] = {}
    for reply, rows in listing(api, f"reports/{campaign}/email-activity", "emails", options, counted=False):
        documents = [document for row in rows for document in _acts(row, campaign)]
        yield from intake.take(reply, documents)
        for document in documents:
            try:
                one = msgspec.json.decode(document, type=records.Activity)
            except msgspec.DecodeError:
                continue  # set aside by the intake
            if moment := _moment(one.timestamp):
                moments[records.ACTIVITY.identity(one)] = moment
    latest = max([*moments.values(), *([until] if until else [])], default=None)
    if latest:
        recent = {key for key, moment in moments.items() if moment >= latest - ACTIVITY_OVERLAP}
        kept["until"], kept["known"] = latest.isoformat(), {key: known[key] for key in recent if key in known}


def _acts(row: msgspec.Raw, campaign: str) -> Iterator[msgspec.Raw]:
    try:
        reader = msgspec.json.decode(row, type=_Acts)
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield row  # no document of ours: the intake sets it aside, with the reason
        return
    about = {
        "campaign_id": reader.campaign_id or campaign,
        "email_id": reader.email_id,
        "email_address": reader.email_address or "",
    }
    for act in reader.activity:
        yield msgspec.Raw(msgspec.json.encode({**about, **{name: value for name, value in act.items() if name != "ip"}}))


def _take_out(intake: Intake, known: MutableMapping[str, str], keys: Sequence[tuple[str, ...]]) -> Iterator[Any]:
    """Take documents out that the collection no longer has."""
    for key in keys:
        known.pop("|".join(key), None)
    yield from intake.gone(keys)
    yield from intake.finish()


def _ids(api: ApiClient, path: str, key: str) -> list[str]:
    options = {"fields": f"{key}.id,total_items"}
    return [id_ for _, rows in listing(api, path, key, options) for id_ in identities(rows)]


def _each_with(rows: Sequence[msgspec.Raw], name: str, value: str) -> list[msgspec.Raw]:
    """Documents with one field more, where they lack it: what the vendor has in the address only."""
    return [_with(row, name, value) for row in rows]


def _with(row: msgspec.Raw, name: str, value: str) -> msgspec.Raw:
    try:
        fields = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return row  # no object: the intake sets it aside
    return row if name in fields else msgspec.Raw(msgspec.json.encode({name: value, **fields}))


def _single(reply: Reply) -> Reply:
    """An answer that is one object."""
    try:
        msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedReply(f"{reply.request} did not answer with an object; check base_url.") from None
    return reply


def _dated(rows: Sequence[msgspec.Raw]) -> Iterator[_Dated]:
    for row in rows:
        try:
            yield msgspec.json.decode(row, type=_Dated)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # set aside by the intake


def _moment(text: str | None) -> datetime | None:
    """A moment in UTC without offset; None where there is none that can be read."""
    try:
        return read_instant(text) if text else None
    except ValueError:
        return None


def _moments(text: str | None) -> list[datetime]:
    return [datetime.fromisoformat(text)] if text else []


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")
