"""HubSpot's marketing: e-mails with their statistics, forms and what was submitted with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.hubspot import replies
from sandbox.vendors.hubspot.objects import instant
from sandbox.vendors.hubspot.replies import Refusal
from sandbox.vendors.hubspot.store import HubSpotStore

_COUNTERS = {
    "sent": "sent",
    "delivered": "delivered",
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced",
    "unsubscribed": "unsubscribed",
}
"""Counter of an e-mail -> its column."""


def _ms(column: str) -> str:
    return f"epoch_ms({column})"


def _statistics(of: str) -> str:
    """SQL of the statistics of e-mails; ``of`` turns a column into a number: itself, or its sum."""
    counters = {name: of.format(column) for name, column in _COUNTERS.items()}
    counted = ", ".join(f"'{name}', {value}" for name, value in counters.items())
    shares = (
        ("deliveredratio", "delivered", "sent"),
        ("openratio", "open", "delivered"),
        ("clickratio", "click", "delivered"),
        ("clickthroughratio", "click", "open"),
        ("bounceratio", "bounce", "sent"),
        ("unsubscribedratio", "unsubscribed", "delivered"),
    )
    ratios = ", ".join(
        f"'{name}', coalesce(round(100.0 * {counters[part]} / nullif({counters[whole]}, 0), 3), 0)::double"
        for name, part, whole in shares
    )
    return f"""json_object('counters', json_object({counted}), 'ratios', json_object({ratios}),
        'deviceBreakdown', json_object(), 'qualifierStats', json_object())"""


_EMAIL = f"""
    'id', id::varchar, 'name', name, 'subject', subject, 'state', 'PUBLISHED', 'type', 'BATCH_EMAIL', 'subcategory', 'batch',
    'language', 'en', 'archived', false, 'isPublished', true, 'isTransactional', false, 'sendOnPublish', true,
    'primaryEmailCampaignId', app_campaign_id::varchar, 'emailCampaignGroupId', app_campaign_id::varchar,
    'allEmailCampaignIds', json_array(app_campaign_id::varchar), 'campaign', campaign_guid, 'campaignName', campaign_name, 'campaignUtm', campaign_utm,
    'createdAt', {instant("created_at")}, 'updatedAt', {instant("updated_at")},
    'publishDate', {instant("published_at")}, 'publishedAt', {instant("published_at")},
    'content', json_object('templatePath', '@hubspot/email/dnd/welcome.html', 'plainTextVersion', ''),
    'from', json_object('fromName', 'Meridian', 'replyTo', 'news@meridian.example'),
    'to', json_object('contactLists', json_object('include', json_array(), 'exclude', json_array()), 'suppressGraymail', false)
"""
_FORM = f"""json_object(
    'id', guid, 'name', name, 'formType', 'hubspot', 'archived', false,
    'createdAt', {instant("created_at")}, 'updatedAt', {instant("created_at")}, 'fieldGroups', json_array(),
    'configuration', json_object(
        'language', 'en', 'cloneable', true, 'editable', true, 'archivable', true, 'recaptchaEnabled', false,
        'notifyContactOwner', false, 'notifyRecipients', json_array(), 'createNewContactForNewEmail', true,
        'prePopulateKnownValues', true, 'allowLinkToResetKnownValues', false, 'lifecycleStages', json_array(),
        'postSubmitAction', json_object('type', 'thank_you', 'value', 'Thank you')),
    'displayOptions', json_object(
        'renderRawHtml', false, 'theme', 'default_style', 'submitButtonText', 'Submit',
        'style', json_object(
            'fontFamily', 'arial, helvetica, sans-serif', 'backgroundWidth', '100%',
            'labelTextColor', '#33475b', 'labelTextSize', '14px',
            'helpTextColor', '#7C98B6', 'helpTextSize', '11px', 'legalConsentTextColor', '#33475b', 'legalConsentTextSize', '14px',
            'submitColor', '#ff7a59', 'submitAlignment', 'left', 'submitFontColor', '#ffffff', 'submitSize', '12px')),
    'legalConsentOptions', json_object(
        'type', 'implicit_consent_to_process', 'lawfulBasis', 'lead', 'privacyText', '', 'subscriptionTypeIds', json_array(),
        'communicationsCheckboxes', json_array(), 'communicationConsentText', '', 'consentToProcessText', '')
)"""
_TAGS = ", ".join(f"'{name}=' || url_encode({name})" for name in ("utm_source", "utm_medium", "utm_campaign"))
_SUBMISSION = f"""json_object(
    'conversionId', conversion_id, 'submittedAt', {_ms("submitted_at")}, 'pageTitle', form_name,
    'pageUrl', page || coalesce('?' || nullif(concat_ws('&', {_TAGS}), ''), ''),
    'values', to_json(list_filter([
        {{name: 'email', value: email, objectTypeId: '0-1'}}, {{name: 'firstname', value: first_name, objectTypeId: '0-1'}},
        {{name: 'lastname', value: last_name, objectTypeId: '0-1'}}, {{name: 'company', value: company, objectTypeId: '0-1'}}
    ], one -> one.value is not null))
)"""


@dataclass(frozen=True)
class MarketingApi:
    """``/marketing/v3`` and ``/form-integrations/v1``."""

    store: HubSpotStore

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        emails, forms = "/marketing/v3/emails", "/marketing/v3/forms"
        return [
            Route(emails, self._emails),
            Route(emails + "/statistics/list", self._email_statistics),
            Route(emails + "/{id}", self._email),
            Route(forms, self._forms),
            Route(forms + "/{guid}", self._form),
            Route("/form-integrations/v1/submissions/forms/{guid}", self._submissions),
        ]

    def _emails(self, request: Request) -> Response:
        """A page of e-mails; one that was renamed, as its campaign was, counts as updated."""
        limit, after = replies.limit_of(request, 10, 100), _after(request)
        where, values = "true", list[object]()
        for option, test in (("updatedAfter", ">"), ("updatedBefore", "<"), ("createdAfter", ">"), ("createdBefore", "<")):
            if option in request.query_params:
                where += f" and {option[:7]}_at {test} ?"
                values.append(_moment(request, option))
        if replies.flag_of(request, "archived"):
            where += " and false"  # none is ever archived
        total = self.store.one(f"select count(*) from emails where {where}", values)[0]
        found = self.store.read(
            f"select id, {_email_body(request)} from emails where {where} and id >= ? order by id limit ?",
            [*values, after, limit + 1],
        )
        return replies.page(request, [row[1] for row in found[:limit]], found[limit][0] if len(found) > limit else None, total)

    def _email(self, request: Request) -> Response:
        id_ = replies.whole_number(request.path_params["id"], "emailId")
        return _one(
            self.store.read(f"select {_email_body(request)} from emails where id = ?", [id_]), f"Email {id_} does not exist"
        )

    def _email_statistics(self, request: Request) -> Response:
        """Sums over the e-mails of a span of time, whole and by campaign."""
        chosen = [replies.whole_number(one, "emailIds") for one in replies.names_of(request, "emailIds")]
        span = [_moment(request, "startTimestamp"), _moment(request, "endTimestamp")]
        where, values = (
            "published_at between ? and ? and (len(?::bigint[]) = 0 or id in (select unnest(?::bigint[])))",
            [*span, chosen, chosen],
        )
        statistics = _statistics("coalesce(sum({}), 0)::bigint")
        found = self.store.one(
            f"""select json_object(
                'emails', coalesce(to_json(list(id order by id)), json_array()),
                'aggregate', {statistics},
                'campaignAggregations', coalesce((
                    select json_group_object(campaign_guid, body)
                    from (select campaign_guid, {statistics} as body from emails where {where} group by campaign_guid)
                ), json_object()))::varchar
            from emails where {where}""",
            [*values, *values],
        )
        return replies.reply(str(found[0]).encode())

    def _forms(self, request: Request) -> Response:
        limit, after = replies.limit_of(request, 20, 100), _after(request)
        known = "false" if replies.flag_of(request, "archived") else "true"
        found = self.store.read(
            f"select id, {_FORM}::varchar from forms where {known} and id >= ? order by id limit ?", [after, limit + 1]
        )
        return replies.page(request, [row[1] for row in found[:limit]], found[limit][0] if len(found) > limit else None)

    def _form(self, request: Request) -> Response:
        guid = request.path_params["guid"].lower()
        return _one(self.store.read(f"select {_FORM}::varchar from forms where guid = ?", [guid]), f"Form {guid} does not exist")

    def _submissions(self, request: Request) -> Response:
        """Newest first: what is submitted while a caller pages does not move the later pages."""
        guid = request.path_params["guid"].lower()
        if not self.store.read("select guid from forms where guid = ?", [guid]):
            raise Refusal(404, f"Form {guid} does not exist", "OBJECT_NOT_FOUND")
        limit = replies.limit_of(request, 20, 50)
        before = replies.whole_number(request.query_params.get("after") or 2**62, "after")
        found = self.store.read(
            f"select id, {_SUBMISSION}::varchar from submissions where form_guid = ? and id < ? order by id desc limit ?",
            [guid, before, limit + 1],
        )
        return replies.page(request, [row[1] for row in found[:limit]], found[limit - 1][0] if len(found) > limit else None)


def _email_body(request: Request) -> str:
    statistics = f", 'stats', {_statistics('{}')}" if replies.flag_of(request, "includeStats") else ""
    return f"json_object({_EMAIL}{statistics})::varchar"


def _after(request: Request) -> int:
    return replies.whole_number(request.query_params.get("after") or 0, "after")


def _moment(request: Request, name: str) -> datetime:
    text = request.query_params.get(name, "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"Invalid input: {name} is not a valid date-time: '{text}'") from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)


def _one(found: Sequence[tuple[str]], missing: str) -> Response:
    if not found:
        raise Refusal(404, missing, "OBJECT_NOT_FOUND")
    return replies.reply(found[0][0].encode())
