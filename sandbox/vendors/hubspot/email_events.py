"""What became of e-mails, reader by reader: the older event log with its own pages, and the sendings that its ids mean."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.hubspot import replies
from sandbox.vendors.hubspot.replies import Refusal
from sandbox.vendors.hubspot.store import HubSpotStore

LARGEST_PAGE = 1000
APP_ID, APP_NAME = 113, "Batch"
TYPES = (
    *("BOUNCE", "CLICK", "DEFERRED", "DELIVERED", "DROPPED", "FORWARD", "OPEN"),
    *("PRINT", "PROCESSED", "SENT", "SPAMREPORT", "STATUSCHANGE", "UNBOUNCE"),
)

_COMMON = f"""
    'appId', {APP_ID}, 'appName', '{APP_NAME}', 'portalId', $portal, 'created', created, 'id', e.id, 'type', e.type, 'recipient', recipient,
    'emailCampaignId', app_campaign_id, 'emailCampaignGroupId', app_campaign_id
"""
_SENDING = "'sentBy', json_object('id', sent_id, 'created', epoch_ms(sent_at))"
_READING = f"""{_SENDING}, 'filteredEvent', false, 'deviceType', 'COMPUTER', 'ipAddress', '192.0.2.7',
    'userAgent', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36',
    'browser', json_object('name', 'Google Chrome', 'family', 'Chrome', 'producer', 'Google Inc.', 'producerUrl', 'https://www.google.com/',
        'type', 'Browser', 'url', 'https://www.google.com/chrome', 'version', json_array('Chrome 149')),
    'location', json_object('country', 'united kingdom', 'state', 'england', 'city', 'london', 'latitude', 51.5, 'longitude', -0.12)"""
_BODY = f"""case e.type
    when 'SENT' then json_object({_COMMON}, 'subject', subject, 'from', 'Meridian <news@meridian.example>',
        'replyTo', json_array('news@meridian.example'), 'cc', json_array(), 'bcc', json_array(), 'sentBy', json_object('id', e.id, 'created', created))
    when 'DELIVERED' then json_object({_COMMON}, {_SENDING}, 'response', '250 2.0.0 OK', 'attempt', 1)
    when 'BOUNCE' then json_object({_COMMON}, {_SENDING}, 'category', 'UNKNOWN_USER', 'status', '5.1.1',
        'response', '550 5.1.1 The account does not exist')
    when 'STATUSCHANGE' then json_object({_COMMON}, {_SENDING}, 'source', 'SOURCE_RECIPIENT', 'requestedBy', recipient,
        'portalSubscriptionStatus', 'UNSUBSCRIBED', 'bounced', false,
        'subscriptions', json_array(json_object('id', 10_001, 'status', 'UNSUBSCRIBED')))
    when 'CLICK' then json_object({_COMMON}, {_READING}, 'url', e.url, 'referer', '', 'linkId', 0)
    else json_object({_COMMON}, {_READING}, 'duration', 9000)
end::varchar"""
_FROM = "from email_events as e join emails on emails.id = e.email_id"


@dataclass(frozen=True)
class EmailEventsApi:
    """``/email/public/v1``."""

    store: HubSpotStore
    portal_id: int

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        events, campaigns = "/email/public/v1/events", "/email/public/v1/campaigns"
        return [
            Route(events, self._events),
            Route(events + "/{created}/{id}", self._event),
            Route(campaigns, self._campaigns),
            Route(campaigns + "/by-id", self._campaigns),
            Route(campaigns + "/{id}", self._campaign),
        ]

    def _events(self, request: Request) -> Response:
        """Newest first; the place to go on from is a moment in the log, so that what happens meanwhile moves no page."""
        query = request.query_params
        limit = replies.limit_of(request, 10, LARGEST_PAGE)
        where, values = ["true"], dict[str, object](portal=self.portal_id, limit=limit + 1)
        if query.get("campaignId"):
            if not query.get("appId"):
                raise Refusal(400, "campaignId and appId must be given together")
            where.append("app_campaign_id = $campaign")
            values["campaign"] = replies.whole_number(query["campaignId"], "campaignId")
        if query.get("appId") and replies.whole_number(query["appId"], "appId") != APP_ID:
            where.append("false")
        if query.get("recipient"):
            where.append("recipient = lower($recipient)")
            values["recipient"] = query["recipient"]
        if query.get("eventType"):
            if query["eventType"].upper() not in TYPES:
                raise Refusal(400, f"Invalid event type: {query['eventType']}")
            where.append("e.type = $type")
            values["type"] = query["eventType"].upper()
        for option, test in (("startTimestamp", "created >= $start"), ("endTimestamp", "created <= $end")):
            if query.get(option):
                where.append(test)
                values[test.rpartition("$")[2]] = replies.whole_number(query[option], option)
        if query.get("offset"):
            values["before"], values["before_id"] = _read_offset(query["offset"])
            where.append("(created < $before or created = $before and e.id < $before_id)")
        found = self.store.read(
            f"select created, e.id, {_BODY} {_FROM} where {' and '.join(where)} order by created desc, e.id desc limit $limit",
            values,
        )
        return _page("events", found, limit)

    def _event(self, request: Request) -> Response:
        created = replies.whole_number(request.path_params["created"], "created")
        found = self.store.read(
            f"select {_BODY} {_FROM} where created = $created and e.id = $id",
            {"portal": self.portal_id, "created": created, "id": request.path_params["id"]},
        )
        if not found:
            raise Refusal(404, "No event with this id", "OBJECT_NOT_FOUND")
        return replies.reply(found[0][0].encode())

    def _campaigns(self, request: Request) -> Response:
        """What the ids of the log mean: sendings of e-mails, with the moment at which something last happened to them."""
        limit = replies.limit_of(request, 10, LARGEST_PAGE)
        values: dict[str, object] = {"limit": limit + 1, "before": 2**62, "before_id": ""}
        if request.query_params.get("offset"):
            values["before"], values["before_id"] = _read_offset(request.query_params["offset"])
        found = self.store.read(
            f"""select last_at, app_campaign_id::varchar, json_object('id', app_campaign_id, 'appId', {APP_ID}, 'appName', '{APP_NAME}',
                'lastUpdatedTime', last_at)::varchar
            from (select app_campaign_id, coalesce(max(e.created), any_value(epoch_ms(created_at))) as last_at
                from emails left join email_events as e on e.email_id = emails.id group by app_campaign_id)
            where last_at < $before or last_at = $before and app_campaign_id::varchar < $before_id
            order by last_at desc, app_campaign_id::varchar desc limit $limit""",
            values,
        )
        return _page("campaigns", found, limit)

    def _campaign(self, request: Request) -> Response:
        id_ = replies.whole_number(request.path_params["id"], "campaignId")
        counters = {"sent": "sent", "delivered": "delivered", "open": "opened", "click": "clicked", "bounce": "bounced"}
        counted = ", ".join(f"'{name}', {column}" for name, column in {**counters, "unsubscribed": "unsubscribed"}.items())
        found = self.store.read(
            f"""select json_object('id', app_campaign_id, 'appId', {APP_ID}, 'appName', '{APP_NAME}', 'contentId', id, 'name', name,
                'subject', subject, 'type', 'BATCH_EMAIL', 'subType', 'BATCH', 'numIncluded', sent, 'numQueued', sent,
                'counters', json_object({counted}))::varchar
            from emails where app_campaign_id = ?""",
            [id_],
        )
        if not found:
            raise Refusal(404, f"No campaign with id {id_}", "OBJECT_NOT_FOUND")
        return replies.reply(found[0][0].encode())


def _page(name: str, found: Sequence[tuple[int, str, str]], limit: int) -> Response:
    """A page as the older APIs have it: whether there is more, and where to go on."""
    rows, has_more = found[:limit], len(found) > limit
    offset = _offset(*rows[-1][:2]) if rows else ""
    body = f'{{"hasMore":{str(has_more).lower()},"offset":"{offset}","{name}":[{",".join(row[2] for row in rows)}]}}'
    return replies.reply(body.encode())


def _offset(created: int, id_: str) -> str:
    return base64.urlsafe_b64encode(f"{created}|{id_}".encode()).decode()


def _read_offset(text: str) -> tuple[int, str]:
    try:
        created, _, id_ = base64.urlsafe_b64decode(text).decode().partition("|")
        return int(created), id_
    except (ValueError, binascii.Error):
        raise Refusal(400, f"Invalid offset: '{text}'") from None


__all__ = ["APP_ID", "LARGEST_PAGE", "TYPES", "EmailEventsApi"]
