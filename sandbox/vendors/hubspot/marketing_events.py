"""Marketing events: webinars and fairs, how many were there, and who."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.hubspot import replies
from sandbox.vendors.hubspot.objects import instant
from sandbox.vendors.hubspot.replies import Refusal
from sandbox.vendors.hubspot.store import HubSpotStore

LARGEST_PAGE = 100
STATES = ("REGISTERED", "ATTENDED", "CANCELLED", "NO_SHOW")
ACCOUNT = "meridian-webinars"
"""Id of the account at the webinar tool that the events come from."""

_EVENT = f"""json_object(
    'objectId', id::varchar, 'externalEventId', 'evt-' || id, 'eventName', name, 'eventOrganizer', 'Meridian',
    'eventType', case channel when 'webinar' then 'WEBINAR' else 'CONFERENCE' end, 'eventDescription', '', 'eventUrl', '',
    'startDateTime', {instant("starts_at")}, 'endDateTime', {instant("ends_at")}, 'eventCancelled', false, 'eventCompleted', is_over,
    'eventStatus', case when is_over then 'PAST' when has_begun then 'ONGOING' else 'UPCOMING' end,
    'registrants', registrants, 'attendees', attendees, 'cancellations', 0, 'noShows', 0, 'customProperties', json_array(),
    'appInfo', json_object('id', '{ACCOUNT}', 'name', 'Webinars'), 'createdAt', {instant("created_at")}, 'updatedAt', {instant("updated_at")}
)::varchar"""
_PARTICIPATION = f"""json_object(
    'id', p.id::varchar, 'createdAt', {instant("p.created_at")},
    'associations', json_object(
        'contact', json_object('contactId', contact_id::varchar, 'firstname', firstname, 'lastname', lastname, 'email', email),
        'marketingEvent', json_object(
            'marketingEventId', event_id::varchar, 'name', g.name, 'externalAccountId', '{ACCOUNT}', 'externalEventId', 'evt-' || event_id)),
    'properties', json_object('occurredAt', epoch_ms(occurred_at), 'attendanceState', state)
)::varchar"""


@dataclass(frozen=True)
class MarketingEventsApi:
    """``/marketing/v3/marketing-events``."""

    store: HubSpotStore

    def routes(self) -> list[BaseRoute]:
        """What it answers; the list has a slash at its end in the vendor's own client."""
        root = "/marketing/v3/marketing-events"
        parts = root + "/participations"
        return [
            Route(root, self._events),
            Route(root + "/", self._events),
            Route(parts + "/contacts/{contact}/breakdown", self._of_contact),
            Route(parts + "/{event}/breakdown", self._of_event),
            Route(parts + "/{event}", self._counters),
            Route(root + "/{event}", self._event),
        ]

    def _events(self, request: Request) -> Response:
        limit = replies.limit_of(request, 10, LARGEST_PAGE)
        after = replies.whole_number(request.query_params.get("after") or 0, "after")
        found = self.store.read(f"select id, {_EVENT} from gatherings where id >= ? order by id limit ?", [after, limit + 1])
        return replies.page(request, [row[1] for row in found[:limit]], found[limit][0] if len(found) > limit else None)

    def _event(self, request: Request) -> Response:
        found = self.store.read(f"select {_EVENT} from gatherings where id = ?", [self._known(request)])
        return replies.reply(found[0][0].encode())

    def _counters(self, request: Request) -> Response:
        found = self.store.read(
            "select json_object('attended', attendees, 'registered', registrants, 'cancelled', 0, 'noShows', 0)::varchar from gatherings where id = ?",
            [self._known(request)],
        )
        return replies.reply(found[0][0].encode())

    def _of_event(self, request: Request) -> Response:
        where, values = "event_id = ?", list[object]([self._known(request)])
        if request.query_params.get("contactIdentifier"):
            where, values = f"{where} and {_WHO}", [*values, *[request.query_params["contactIdentifier"]] * 2]
        return self._participations(request, where, values)

    def _of_contact(self, request: Request) -> Response:
        return self._participations(request, _WHO, [request.path_params["contact"]] * 2)

    def _participations(self, request: Request, where: str, values: list[object]) -> Response:
        limit = replies.limit_of(request, 10, LARGEST_PAGE)
        after = replies.whole_number(request.query_params.get("after") or 0, "after")
        if state := request.query_params.get("state"):
            if state not in STATES:
                raise Refusal(400, f"Invalid state '{state}': one of {', '.join(STATES)} is expected")
            where, values = f"{where} and state = ?", [*values, state]
        joined = "participations as p join gatherings as g on g.id = event_id"
        total = self.store.one(f"select count(*) from {joined} where {where}", values)[0]
        found = self.store.read(
            f"select p.id, {_PARTICIPATION} from {joined} where {where} and p.id >= ? order by p.id limit ?",
            [*values, after, limit + 1],
        )
        return replies.page(request, [row[1] for row in found[:limit]], found[limit][0] if len(found) > limit else None, total)

    def _known(self, request: Request) -> int:
        id_ = replies.whole_number(request.path_params["event"], "marketingEventId")
        if not self.store.read("select id from gatherings where id = ?", [id_]):
            raise Refusal(404, f"Marketing event {id_} does not exist", "OBJECT_NOT_FOUND")
        return id_


_WHO = "(contact_id::varchar = ? or lower(email) = lower(?))"
