"""Reading HubSpot's marketing: campaigns with what belongs to them and their reports, the event log of e-mails, marketing events, forms."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from dlt_sources.assembly import State
from dlt_sources.http import ApiClient, Request
from dlt_sources.hubspot import marketing_records as records
from dlt_sources.hubspot import pages
from dlt_sources.hubspot.pages import CAMPAIGN_BATCH, EVENTS_SIZE, LIST_SIZE, SUBMISSIONS_SIZE, Changed, listing
from dlt_sources.hubspot.session import OVERLAP, Session
from dlt_sources.records.intake import Endpoint

_CAMPAIGNS, _FORMS, _EVENTS = "marketing/v3/campaigns", "marketing/v3/forms", "marketing/v3/marketing-events"
_LOG = "email/public/v1/events"
EVENT_TYPES = ("OPEN", "CLICK", "BOUNCE", "STATUSCHANGE", "SPAMREPORT", "DROPPED")
"""What of the event log is read: not each sending and delivery, which the counts of e-mails tell and which are most of it."""
EVENT_OVERLAP = timedelta(hours=1)
"""An event may reach the log some time after it happened."""


def _campaigns(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Campaigns with their assets; budget and spend of those that changed since they were last read."""
    intake = session.intake(endpoint, state.setdefault("known", {}))
    totals = session.intake(records.CAMPAIGN_TOTALS, state.setdefault("known_totals", {}))
    read: dict[str, str] = state.setdefault("read", {})
    changed = {one.id: one.updated_at for one in _listed(session.api)}
    ids = list(changed)
    for start in range(0, len(ids), CAMPAIGN_BATCH):
        reply, rows, _, _ = pages.fetch(session.api, _batch(ids[start : start + CAMPAIGN_BATCH]))
        yield from intake.take(reply, [_with_all_assets(session.api, row) for row in rows])
    for key, moment in changed.items():
        if moment is None or read.get(key) != moment:
            answer = session.api.send(Request("GET", f"{_CAMPAIGNS}/{key}/budget/totals"), pages.single)
            yield from totals.take(answer, [pages.with_fields(answer.body, campaignId=key)])
            read[key] = moment or ""
    yield from intake.finish()
    yield from totals.finish()


def _listed(api: ApiClient) -> Iterator[Changed]:
    """Which campaigns there are, and when each was changed."""
    for _, rows in listing(api, _CAMPAIGNS, {"limit": str(LIST_SIZE)}):
        yield from (msgspec.json.decode(row, type=Changed) for row in rows)


def _batch(ids: list[str]) -> Request:
    properties = ",".join(records.CampaignProperties.__struct_fields__)
    return Request("POST", f"{_CAMPAIGNS}/batch/read", {"properties": properties}, json={"inputs": [{"id": key} for key in ids]})


class _Listed(msgspec.Struct):
    results: list[msgspec.Raw] = []
    paging: pages.Paging | None = None


class _WithAssets(msgspec.Struct):
    id: str
    assets: dict[str, _Listed] = {}


def _with_all_assets(api: ApiClient, row: msgspec.Raw) -> msgspec.Raw:
    """A campaign whose lists of assets are whole: a batch carries the first few of each type."""
    try:
        told = msgspec.json.decode(row, type=_WithAssets)
    except msgspec.DecodeError:
        return row  # the intake sets it aside
    if not any(listed.paging and listed.paging.next for listed in told.assets.values()):
        return row
    whole = {}
    for kind, listed in told.assets.items():
        assets = list(listed.results)
        if listed.paging and listed.paging.next:
            options = {"limit": str(LIST_SIZE), "after": listed.paging.next.after}
            for _, more in listing(api, f"{_CAMPAIGNS}/{told.id}/assets/{kind}", options):
                assets += more
        whole[kind] = {"results": assets}
    fields = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    return msgspec.Raw(msgspec.json.encode({**fields, "assets": whole}))


def _reports(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Reports of all campaigns, a call each: once a day, since nothing tells which of them have changed."""
    if not session.is_due(state):
        return
    started = datetime.now(UTC)
    intake = session.intake(endpoint, state.setdefault("known", {}))
    for key in [one.id for one in _listed(session.api)]:
        if endpoint is records.CAMPAIGN_METRICS:
            answer = session.api.send(Request("GET", f"{_CAMPAIGNS}/{key}/reports/metrics"), pages.single)
            yield from intake.take(answer, [pages.with_fields(answer.body, campaignId=key)])
            continue
        for model in session.settings.revenue_models:
            answer = session.api.send(_revenue(key, model), pages.single)
            yield from intake.take(answer, [pages.with_fields(answer.body, campaignId=key, attributionModel=model)])
    yield from intake.finish()
    state["swept_at"] = started.isoformat()


def _revenue(campaign: str, model: str) -> Request:
    return Request("GET", f"{_CAMPAIGNS}/{campaign}/reports/revenue", {"attributionModel": model})


class _Happened(msgspec.Struct):
    id: str
    created: int


def _email_events(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """What happened since the last extraction, less an overlap, type by type."""
    until: dict[str, int] = state.setdefault("until", {})
    recent: dict[str, int] = state.setdefault("recent", {})
    known: dict[str, str] = state.setdefault("known", {})
    intake = session.intake(endpoint, known)
    overlap = int(EVENT_OVERLAP.total_seconds() * 1000)
    for kind in EVENT_TYPES:
        options = {"limit": str(EVENTS_SIZE), "eventType": kind}
        if kind in until:
            options["startTimestamp"] = str(until[kind] - overlap)
        for reply, rows in pages.log(session.api, _LOG, options):
            yield from intake.take(reply, rows)
            for one in (msgspec.json.decode(row, type=_Happened) for row in rows):
                recent[one.id] = one.created
                until[kind] = max(until.get(kind, 0), one.created)
    yield from intake.finish()
    floor = min(until.values(), default=0) - overlap
    state["recent"] = {key: moment for key, moment in recent.items() if moment >= floor}
    state["known"] = {key: value for key, value in known.items() if key in state["recent"]}


class _Counted(msgspec.Struct, rename="camel"):
    object_id: str
    updated_at: str | None = None
    registrants: int | None = None
    attendees: int | None = None
    cancellations: int | None = None
    no_shows: int | None = None


def _marketing_events(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Marketing events, and who takes part in those that changed.

    Once a day all of them are compared: a contact that was merged, or one that took another's place, changes no count.
    """
    known: MutableMapping[str, str] = state.setdefault("known", {})
    prints: dict[str, str] = state.setdefault("prints", {})
    started, due = datetime.now(UTC), session.is_due(state)
    intake = session.intake(endpoint, known)
    participations = session.intake(records.PARTICIPATIONS, None)
    for reply, rows in listing(session.api, _EVENTS, {"limit": str(LIST_SIZE)}):
        parts = []
        for row in rows:
            one = msgspec.json.decode(row, type=_Counted)
            if not due and state.setdefault("counted", {}).get(one.object_id) == _counts(one):
                continue
            found = list(listing(session.api, f"{_EVENTS}/participations/{one.object_id}/breakdown", {"limit": str(LIST_SIZE)}))
            fingerprint = _fingerprint(part for _, some in found for part in some)
            if prints.get(one.object_id) != fingerprint or state.setdefault("counted", {}).get(one.object_id) != _counts(one):
                parts += found
                known.pop(one.object_id, None)  # an event and who takes part in it travel in one load
            prints[one.object_id] = fingerprint
            state.setdefault("counted", {})[one.object_id] = _counts(one)
        yield from intake.take(reply, rows)
        for answer, some in parts:
            yield from participations.take(answer, some)
    yield from intake.finish()
    yield from participations.finish()
    if due:
        state["swept_at"] = started.isoformat()


def _counts(one: _Counted) -> str:
    return f"{one.updated_at}|{one.registrants}|{one.attendees}|{one.cancellations}|{one.no_shows}"


def _fingerprint(parts: Iterator[msgspec.Raw]) -> str:
    digest = hashlib.blake2b(digest_size=10)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


class _Submitted(msgspec.Struct, rename="camel"):
    submitted_at: int


def _forms(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Forms, and the submissions of each, newest first down to those that are known."""
    intake = session.intake(endpoint, state.setdefault("known", {}))
    seen: dict[str, str] = state.setdefault("known_submissions", {})
    until: dict[str, int] = state.setdefault("submitted_until", {})
    submissions = session.intake(records.FORM_SUBMISSIONS, seen)
    recent: dict[str, int] = state.setdefault("recent_submissions", {})
    for reply, rows in listing(session.api, _FORMS, {"limit": str(LIST_SIZE)}):
        yield from intake.take(reply, rows)
        for form in (msgspec.json.decode(row, type=Changed).id for row in rows):
            floor = until.get(form, 0) - int(OVERLAP.total_seconds() * 1000)
            path = f"form-integrations/v1/submissions/forms/{form}"
            for answer, found in listing(session.api, path, {"limit": str(SUBMISSIONS_SIZE)}):
                moments = [msgspec.json.decode(row, type=_Submitted).submitted_at for row in found]
                new = [pages.with_fields(row, formId=form) for row, moment in zip(found, moments, strict=True) if moment >= floor]
                yield from submissions.take(answer, new)
                for one in (msgspec.json.decode(document, type=records.Submission) for document in new):
                    recent[records.FORM_SUBMISSIONS.identity(one)] = one.submitted_at
                until[form] = max([until.get(form, 0), *moments])
                if not moments or min(moments) < floor:
                    break
    yield from intake.finish()
    yield from submissions.finish()
    floors = {form: moment - int(OVERLAP.total_seconds() * 1000) for form, moment in until.items()}
    state["recent_submissions"] = {key: moment for key, moment in recent.items() if moment >= floors.get(key.split("|")[0], 0)}
    state["known_submissions"] = {key: value for key, value in seen.items() if key in state["recent_submissions"]}


def _first_report(api: ApiClient, ask: Callable[[str], Request]) -> int:
    """A report of the first campaign, if there is any."""
    _, rows, _, _ = pages.fetch(api, Request("GET", _CAMPAIGNS, {"limit": "1"}))
    for row in rows:
        api.send(ask(msgspec.json.decode(row, type=Changed).id), pages.single)
    return len(rows)


def _first_of(path: str) -> Callable[[ApiClient], int]:
    return lambda api: len(pages.fetch(api, Request("GET", path, {"limit": "1"}))[1])


READERS: Mapping[str, Callable[[Session, Endpoint, State], Iterator[Any]]] = {
    "campaigns": _campaigns,
    "campaign_metrics": _reports,
    "campaign_revenue": _reports,
    "email_events": _email_events,
    "marketing_events": _marketing_events,
    "forms": _forms,
}
"""How the listings are read that are more than a list."""

FIRST_PAGES: Mapping[str, Callable[[ApiClient], int]] = {
    "campaigns": _first_of(_CAMPAIGNS),
    "campaign_metrics": lambda api: _first_report(api, lambda key: Request("GET", f"{_CAMPAIGNS}/{key}/reports/metrics")),
    "campaign_revenue": lambda api: _first_report(api, lambda key: _revenue(key, "LINEAR")),
    "email_events": lambda api: len(next(pages.log(api, _LOG, {"limit": "1"}))[1]),
    "marketing_events": _first_of(_EVENTS),
    "forms": _first_of(_FORMS),
}
"""What a check of the connection reads of them; rows of the first page."""
