"""What the vendor's client hides: links, caps, limits, error bodies; and that whatever changes can be found as changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from sandbox.company import SCHEMA
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.hubspot.search import INDEX_LAG
from sandbox.vendors.hubspot.versions import DATES

TOKEN = "sandbox-hubspot-token"
OBJECTS = ("contacts", "companies", "deals", "line_items", "products", "meetings", "calls")
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
Row = dict[str, Any]


def called(running: RunningSandbox, token: str = TOKEN) -> httpx.Client:
    return httpx.Client(base_url=f"{running.url}/hubspot", headers={"Authorization": f"Bearer {token}"}, timeout=30)


@pytest.fixture(scope="module")
def http(group: RunningSandbox) -> Iterator[httpx.Client]:
    with called(group) as client:
        yield client


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company of 12,000 people who all became leads at one moment, 600 of one firm, which was entered twice."""
    path = tmp_path_factory.mktemp("crowd") / "crowd.duckdb"
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as crowd; use crowd")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2026, 1, 1)])
        db.execute("insert into company.entity (entity_id, name, currency) values ('uk', 'Crowd Ltd', 'GBP')")
        db.execute("""
            insert into company.organization (organization_id, entity_id, name, domain, created_at)
            select 'org-' || lpad(n::varchar, 6, '0'), 'uk', 'Firm ' || n, 'firm' || greatest(n, 2) || '.example',
                timestamp '2026-05-01 08:00:00' + to_days((case n when 2 then 50 when 19 then 51 else 0 end)::integer)
            from range(1, 20) r (n);
            insert into company.person (person_id, organization_id, first_name, last_name, email, created_at)
            select 'per-' || lpad(n::varchar, 6, '0'), 'org-' || case when n <= 600 then '000001' else lpad((3 + n % 17)::varchar, 6, '0') end,
                'First' || n, 'Last' || n, 'p' || n || '@firm.example', timestamp '2026-05-01 08:00:00'
            from range(1, 12001) r (n);
            insert into company.lead (lead_id, person_id, entity_id, created_at, mql_at)
            select replace(person_id, 'per', 'led'), person_id, 'uk', timestamp '2026-05-31 23:59:59.500',
                case when person_id = 'per-000007' then timestamp '2026-07-02 10:00:00' end
            from company.person;
        """)
        db.execute("use memory; detach crowd")
    return path


@pytest.fixture(scope="module")
def crowded(crowd: Path) -> Iterator[httpx.Client]:
    with RunningSandbox(Shown(company=crowd, limits=False)) as running, called(running) as client:
        yield client


def walk(http: httpx.Client, path: str, **query: str) -> Iterator[Row]:
    """All rows of a list, by its own links, which must lead back to the emulator."""
    page = http.get(path, params=query).raise_for_status().json()
    yield from page["results"]
    while "paging" in page:
        link = page["paging"]["next"]["link"]
        assert link.startswith(str(http.base_url))
        page = http.get(link).raise_for_status().json()
        yield from page["results"]


def found(http: httpx.Client, kind: str, *filters: Row, **order: object) -> Iterator[Row]:
    """All rows of a search, page by page."""
    after: str | None = "0"
    while after is not None:
        body = {"filterGroups": [{"filters": list(filters)}], "limit": 200, "after": after, **order}
        page = http.post(f"/crm/v3/objects/{kind}/search", json=body).raise_for_status().json()
        yield from page["results"]
        after = page.get("paging", {}).get("next", {}).get("after")


def changed_since(kind: str, moment: datetime) -> Row:
    name = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
    return {"propertyName": name, "operator": "GT", "value": str(int(moment.timestamp() * 1000))}


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        *((f"/crm/v3/objects/{kind}", "100") for kind in OBJECTS),
        ("/crm/v3/owners", "2"),
        ("/marketing/v3/emails", "30"),
        ("/marketing/v3/campaigns", "30"),
        ("/marketing/v3/forms", "2"),
    ],
)
def test_links_lead_through_every_list_once(http: httpx.Client, path: str, limit: str) -> None:
    ids = [row["id"] for row in walk(http, path, limit=limit)]
    assert len(ids) == len(set(ids)) > 1


def test_a_search_reaches_ten_thousand_results_and_a_greater_id_the_rest(crowded: httpx.Client) -> None:
    order = {"sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}], "limit": 200}
    since = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "2026-05-31T23:59:59.500Z"}
    seen: list[int] = []
    for after in range(0, 10_000, 200):
        body = {"filterGroups": [{"filters": [since]}], "after": str(after), **order}
        page = crowded.post("/crm/v3/objects/contacts/search", json=body).raise_for_status().json()
        seen += [int(row["id"]) for row in page["results"]]
        assert page["total"] == 12_000
    beyond = crowded.post(
        "/crm/v3/objects/contacts/search", json={"filterGroups": [{"filters": [since]}], "after": "10000", **order}
    )
    assert beyond.status_code == 400
    assert (beyond.json()["status"], beyond.json()["category"]) == ("error", "VALIDATION_ERROR")

    rest = found(crowded, "contacts", since, {"propertyName": "hs_object_id", "operator": "GT", "value": str(seen[-1])}, **order)
    seen += [int(row["id"]) for row in rest]
    assert len(seen) == len(set(seen)) == 12_000
    assert seen == sorted(seen)


def test_many_associations_of_one_object_are_paged_in_lists_and_batches(crowded: httpx.Client) -> None:
    firm = next(walk(crowded, "/crm/v3/objects/companies", limit="1", associations="contacts"))
    inside = firm["associations"]["contacts"]
    first = {row["id"] for row in inside["results"]}
    assert (len(first), len(inside["results"])) == (100, 200), "each contact is tied with the primary label and without"
    rest = crowded.get(inside["paging"]["next"]["link"]).raise_for_status().json()
    assert len(first | {row["id"] for row in rest["results"]}) == 600

    path, seen, after = "/crm/v4/associations/companies/contacts/batch/read", set[str](), None
    while True:
        answer = crowded.post(path, json={"inputs": [{"id": firm["id"], "after": after} if after else {"id": firm["id"]}]})
        (result,) = answer.json()["results"]
        seen |= {to["toObjectId"] for to in result["to"]}
        if "paging" not in result:
            break
        assert len(crowded.get(result["paging"]["next"]["link"]).json()["results"]) == 100
        after = result["paging"]["next"]["after"]
    assert len(seen) == 600


def test_a_merge_leaves_the_winner_and_the_former_id_leads_to_it(crowd: Path) -> None:
    with RunningSandbox(Shown(company=crowd, limits=False)) as running, called(running) as http:
        before = {row["id"]: row for row in walk(http, "/crm/v3/objects/companies", limit="100")}
        httpx.post(f"{running.url}/_sandbox/advance", json={"days": 60})
        after = {row["id"]: row for row in walk(http, "/crm/v3/objects/companies", limit="100", properties="hs_merged_object_ids")}
        (loser,) = before.keys() - after.keys()
        (winner,) = (row for row in after.values() if row["properties"]["hs_merged_object_ids"])
        assert winner["properties"]["hs_merged_object_ids"] == loser
        assert winner["updatedAt"] > before[winner["id"]]["updatedAt"]
        assert http.get(f"/crm/v3/objects/companies/{loser}").json()["id"] == winner["id"]
        assert loser not in {row["id"] for row in walk(http, "/crm/v3/objects/companies", archived="true")}
        contact = next(found(http, "contacts", changed_since("contacts", datetime(2026, 7, 1, tzinfo=UTC))))
        assert contact["properties"]["email"] == "p7@firm.example"


@pytest.mark.heavy
def test_whatever_time_changes_is_found_as_changed_and_nothing_else(meridian: Path) -> None:
    """For every type: new rows, rows that look different and rows that vanished are exactly what a reader of changes is told of."""
    with RunningSandbox(Shown(company=meridian, limits=False)) as running, called(running) as http:
        names = {
            kind: ",".join(one["name"] for one in http.get(f"/crm/v3/properties/{kind}").json()["results"]) for kind in OBJECTS
        }

        def state(kind: str) -> dict[str, Row]:
            return {row["id"]: row for row in walk(http, f"/crm/v3/objects/{kind}", limit="100", properties=names[kind])}

        before = {kind: state(kind) for kind in OBJECTS}
        horizon = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
        assert all(not list(found(http, kind, changed_since(kind, horizon))) for kind in OBJECTS)
        httpx.post(f"{running.url}/_sandbox/advance", json={"days": 55})

        for kind in OBJECTS:
            after = state(kind)
            told = {row["id"] for row in found(http, kind, changed_since(kind, horizon))}
            differing = {id_ for id_, row in after.items() if before[kind].get(id_) != row}
            assert differing == told, kind
            archived = {row["id"] for row in walk(http, f"/crm/v3/objects/{kind}", archived="true")}
            merged = {
                one for row in after.values() for one in (row["properties"].get("hs_merged_object_ids") or "").split(";") if one
            }
            assert before[kind].keys() - after.keys() <= archived | merged, kind
        assert {kind for kind in OBJECTS if not before[kind]} == set()


def test_a_search_shows_a_change_later_than_lists_and_single_reads_do(crowd: Path) -> None:
    with RunningSandbox(Shown(company=crowd, limits=False)) as running, called(running) as http:
        path, stage = "/crm/v3/objects/contacts/1000000021", {"properties": "lifecyclestage"}
        since = changed_since("contacts", datetime(2026, 7, 1, tzinfo=UTC))
        httpx.post(f"{running.url}/_sandbox/advance", json={"days": 1, "seconds": 10 * 3600 + 6})  # five seconds after its change
        assert http.get(path, params=stage).json()["properties"]["lifecyclestage"] == "marketingqualifiedlead"
        listed = http.get("/crm/v3/objects/contacts", params={"limit": "1", "after": "1000000021", **stage}).json()["results"]
        assert listed[0]["properties"]["lifecyclestage"] == "marketingqualifiedlead"
        assert list(found(http, "contacts", since)) == []
        httpx.post(f"{running.url}/_sandbox/advance", json={"seconds": INDEX_LAG.total_seconds()})
        assert [row["id"] for row in found(http, "contacts", since)] == ["1000000021"]


@pytest.mark.heavy
def test_a_contact_is_tied_to_a_deal_late_and_neither_counts_as_changed(meridian: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running, called(running) as http:

        def deals() -> dict[str, Row]:
            options = {"limit": "100", "associations": "contacts"}
            return {row["id"]: row for row in walk(http, "/crm/v3/objects/deals", **options)}

        before = deals()
        httpx.post(f"{running.url}/_sandbox/advance", json={"days": 20})
        after = deals()
        moved = {id_ for id_, row in after.items() if id_ in before and row.get("associations") != before[id_].get("associations")}
        assert any(after[id_]["updatedAt"] == before[id_]["updatedAt"] for id_ in moved)
        told = found(http, "deals", changed_since("deals", datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)))
        assert not moved <= {row["id"] for row in told}


@pytest.mark.heavy
def test_spend_moves_its_campaign_and_submissions_are_added_in_front(meridian: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running, called(running) as http:
        options = {"limit": "100", "properties": "hs_name,hs_spend_items_sum_amount,hs_campaign_status"}
        form = http.get("/marketing/v3/forms").json()["results"][0]["id"]
        path = f"/form-integrations/v1/submissions/forms/{form}"
        before, submitted = (
            {row["id"]: row for row in walk(http, "/marketing/v3/campaigns", **options)},
            list(walk(http, path, limit="50")),
        )
        httpx.post(f"{running.url}/_sandbox/advance", json={"days": 10})
        moved = [row for row in walk(http, "/marketing/v3/campaigns", **options) if row["updatedAt"] > "2026-07-01"]
        assert any(row["properties"] != before[row["id"]]["properties"] for row in moved if row["id"] in before)
        later = list(walk(http, path, limit="50"))
    assert len(later) > len(submitted)
    assert later[-len(submitted) :] == submitted


@pytest.mark.parametrize(
    ("one", "holds"),
    [
        ({"operator": "EQ", "propertyName": "dealstage", "value": "CLOSEDWON"}, lambda deal: deal["dealstage"] == "closedwon"),
        ({"operator": "NEQ", "propertyName": "dealstage", "value": "closedwon"}, lambda deal: deal["dealstage"] != "closedwon"),
        ({"operator": "LT", "propertyName": "amount", "value": "9000.5"}, lambda deal: float(deal["amount"]) < 9000.5),
        (
            {"operator": "BETWEEN", "propertyName": "closedate", "value": "2025-01-01", "highValue": "2025-12-31"},
            lambda deal: "2025-01-01T00:00:00.000Z" <= deal["closedate"] <= "2025-12-31T00:00:00.000Z",
        ),
        (
            {"operator": "IN", "propertyName": "dealstage", "values": ["closedlost", "proposal"]},
            lambda deal: deal["dealstage"] in {"closedlost", "proposal"},
        ),
        ({"operator": "IN", "propertyName": "dealname", "values": ["Upper Case"]}, lambda _deal: False),
        (
            {"operator": "NOT_IN", "propertyName": "dealstage", "values": ["closedwon"]},
            lambda deal: deal["dealstage"] != "closedwon",
        ),
        (
            {"operator": "HAS_PROPERTY", "propertyName": "hs_v2_date_entered_proposal"},
            lambda deal: deal["hs_v2_date_entered_proposal"],
        ),
        (
            {"operator": "NOT_HAS_PROPERTY", "propertyName": "hs_v2_date_entered_proposal"},
            lambda deal: not deal["hs_v2_date_entered_proposal"],
        ),
        (
            {"operator": "CONTAINS_TOKEN", "propertyName": "dealname", "value": "renewal"},
            lambda deal: "renewal" in deal["dealname"].lower().split(),
        ),
        ({"operator": "EQ", "propertyName": "hs_is_closed_won", "value": "true"}, lambda deal: deal["hs_is_closed_won"] == "true"),
    ],
)
def test_every_operator_finds_what_it_says(http: httpx.Client, one: Row, holds: Callable[[Row], bool]) -> None:
    names = ["amount", "closedate", "dealname", "dealstage", "hs_is_closed_won", "hs_v2_date_entered_proposal"]
    everything = walk(http, "/crm/v3/objects/deals", limit="100", properties=",".join(names))
    wanted = {row["id"] for row in everything if holds(row["properties"])}
    assert {row["id"] for row in found(http, "deals", one)} == wanted


def test_groups_are_alternatives_and_a_text_is_looked_for_in_names(http: httpx.Client) -> None:
    def count(**body: object) -> int:
        return int(http.post("/crm/v3/objects/deals/search", json=body).raise_for_status().json()["total"])

    won, lost = (
        {"filters": [{"propertyName": "dealstage", "operator": "EQ", "value": stage}]} for stage in ("closedwon", "closedlost")
    )
    assert count(filterGroups=[won, lost]) == count(filterGroups=[won]) + count(filterGroups=[lost])
    assert 0 < count(query="RENEWAL") < count()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/crm/v3/objects/contacts?limit=101", None, 400),
        ("GET", "/crm/v3/objects/contacts?limit=0", None, 400),
        ("GET", "/crm/v3/objects/contacts?after=xyz", None, 400),
        ("GET", "/crm/v3/objects/contacts?limit=51&propertiesWithHistory=lifecyclestage", None, 400),
        ("GET", "/crm/v3/objects/contacts?associations=spaceships", None, 400),
        ("GET", "/crm/v3/owners?limit=501", None, 400),
        ("GET", "/crm/v4/objects/deals/1/associations/contacts", None, 404),
        ("GET", "/marketing/v3/emails/1", None, 404),
        ("GET", "/form-integrations/v1/submissions/forms/none", None, 404),
        ("GET", "/no/such/path", None, 404),
        ("DELETE", "/crm/v3/owners", None, 405),
        ("POST", "/crm/v3/objects/deals/search", {"limit": 201}, 400),
        ("POST", "/crm/v3/objects/deals/search", {"sorts": ["amount", "closedate"]}, 400),
        ("POST", "/crm/v3/objects/deals/search", {"sorts": ["nope"]}, 400),
        ("POST", "/crm/v3/objects/deals/search", {"filters": [{"propertyName": "nope", "operator": "EQ", "value": "1"}]}, 400),
        ("POST", "/crm/v3/objects/deals/search", {"filters": [{"propertyName": "amount", "operator": "LIKE", "value": "1"}]}, 400),
        ("POST", "/crm/v3/objects/deals/search", {"filters": [{"propertyName": "amount", "operator": "GT", "value": "much"}]}, 400),
        ("POST", "/crm/v3/objects/deals/search", {"filters": [{"propertyName": "amount", "operator": "GT"}]}, 400),
        ("POST", "/crm/v3/objects/deals/search", {"filterGroups": [{"filters": [{"propertyName": "amount"}]}]}, 400),
        ("POST", "/crm/v3/objects/deals/search", {"filterGroups": [{"filters": []}] * 6}, 400),
        ("POST", "/crm/v3/objects/deals/batch/read", {"inputs": [{"id": "1"}] * 101}, 400),
        ("POST", "/crm/v3/objects/deals/batch/read", {"inputs": "all"}, 400),
        ("POST", "/crm/v4/associations/deals/contacts/batch/read", {"inputs": [{"id": "1"}] * 1001}, 400),
    ],
)
def test_a_wrong_call_gets_the_vendors_error_body(http: httpx.Client, method: str, path: str, body: object, status: int) -> None:
    answer = http.request(method, path, json=body)
    assert answer.status_code == status
    told = answer.json()
    assert told["status"] == "error"
    assert told["message"]
    assert told["correlationId"] == answer.headers["X-HubSpot-Correlation-Id"]
    assert told["category"] in {"VALIDATION_ERROR", "OBJECT_NOT_FOUND"}


def test_unknown_properties_of_a_list_are_passed_over_and_too_many_are_too_long(http: httpx.Client) -> None:
    row = http.get("/crm/v3/objects/deals", params={"limit": "1", "properties": "amount,nope"}).json()["results"][0]
    assert row["properties"].keys() == {"amount", "createdate", "hs_lastmodifieddate", "hs_object_id"}
    assert http.get("/crm/v3/objects/deals", params={"properties": ",".join(["x" * 40] * 500)}).status_code == 414


@pytest.mark.parametrize(
    ("headers", "said"), [({}, "credentials not found"), ({"Authorization": "Bearer wrong"}, "credentials not found")]
)
def test_without_a_known_token_nothing_is_shown(group: RunningSandbox, headers: dict[str, str], said: str) -> None:
    answer = httpx.get(f"{group.url}/hubspot/crm/v3/objects/contacts", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"
    assert said in answer.json()["message"]


@pytest.mark.heavy
def test_an_access_token_lives_half_an_hour_and_the_refresh_token_stays(meridian: Path) -> None:
    with RunningSandbox(Shown(company=meridian)) as running:
        url = f"{running.url}/hubspot/oauth/v1/token"
        refresh = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-0", **CLIENT}
        token = httpx.post(url, data=refresh).raise_for_status().json()
        assert token.keys() == {"access_token", "refresh_token", "expires_in", "token_type"}
        assert (token["expires_in"], token["refresh_token"]) == (1800, "sandbox-refresh-0")
        with called(running, token["access_token"]) as http:
            first = http.get("/crm/v3/owners")
            assert first.status_code == 200
            assert "X-HubSpot-RateLimit-Remaining" in first.headers
            assert "X-HubSpot-RateLimit-Daily" not in first.headers, "apps of this kind have no day's limit"
            httpx.post(f"{running.url}/_sandbox/advance", json={"seconds": 1801})
            late = http.get("/crm/v3/owners")
        assert (late.status_code, late.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
        wrong = {"client_secret": "BAD_CLIENT_SECRET", "refresh_token": "BAD_REFRESH_TOKEN", "grant_type": "BAD_GRANT_TYPE"}
        for key, status in wrong.items():
            refused = httpx.post(url, data={**refresh, key: "wrong"})
            assert (refused.status_code, refused.json()["status"]) == (400, status)
        assert httpx.post(url, data=refresh).status_code == 200


@pytest.mark.heavy
def test_limits_are_told_in_headers_except_on_searches_which_have_their_own(meridian: Path) -> None:
    with RunningSandbox(Shown(company=meridian)) as running, called(running) as http:
        first, second = http.get("/crm/v3/owners").headers, http.get("/crm/v3/owners").headers
        assert (first["X-HubSpot-RateLimit-Max"], first["X-HubSpot-RateLimit-Interval-Milliseconds"]) == ("190", "10000")
        assert int(second["X-HubSpot-RateLimit-Daily-Remaining"]) == int(first["X-HubSpot-RateLimit-Daily-Remaining"]) - 1
        searches = [http.post("/crm/v3/objects/deals/search", json={}) for _ in range(40)]
        assert not any("X-HubSpot-RateLimit-Max" in answer.headers for answer in searches)
        refused = [answer.json() for answer in searches if answer.status_code == 429]
        assert refused, "forty searches take less than eight seconds"
        assert (refused[0]["errorType"], refused[0]["policyName"]) == ("RATE_LIMIT", "SECONDLY")
        httpx.post(f"{running.url}/_sandbox/faults", json={"vendor": "hubspot", "kind": "day_limit"})
        assert http.get("/crm/v3/owners").json()["policyName"] == "DAILY"
        httpx.post(f"{running.url}/_sandbox/faults", json={"vendor": "hubspot", "kind": "forbidden"})
        assert http.get("/crm/v3/owners").json()["category"] == "MISSING_SCOPES"


DATED = {
    "/crm/v3/objects/deals?limit=3&properties=amount&associations=contacts": "/crm/objects/{date}/deals?limit=3&properties=amount&associations=contacts",
    "/crm/v3/objects/0-1?limit=2&archived=false": "/crm/objects/{date}/0-1?limit=2&archived=false",
    "/crm/v3/objects/deals/{deal}": "/crm/objects/{date}/deals/{deal}",
    "/crm/v4/objects/deals/{deal}/associations/companies": "/crm/objects/{date}/deals/{deal}/associations/companies",
    "/crm/v4/associations/deals/companies/labels": "/crm/associations/{date}/deals/companies/labels",
    "/crm/v3/owners?limit=2": "/crm/owners/{date}?limit=2",
    "/crm/v3/pipelines/deals": "/crm/pipelines/{date}/deals",
    "/crm/v3/properties/deals": "/crm/properties/{date}/deals",
    "/crm/v3/properties/deals/amount": "/crm/properties/{date}/deals/amount",
    "/marketing/v3/emails?limit=2&includeStats=true": "/marketing/emails/{date}?limit=2&includeStats=true",
    "/marketing/v3/campaigns?limit=2&properties=hs_name": "/marketing/campaigns/{date}?limit=2&properties=hs_name",
    "/marketing/v3/campaigns/{campaign}/budget/totals": "/marketing/campaigns/{date}/{campaign}/budget/totals",
    "/account-info/v3/details": "/account-info/{date}/details",
}
"""Path of a numbered version -> the path by date that answers alike."""


@pytest.mark.parametrize("numbered", DATED)
def test_a_path_by_date_answers_as_the_numbered_one(http: httpx.Client, numbered: str) -> None:
    ids = {
        "deal": http.get("/crm/v3/objects/deals?limit=1").json()["results"][0]["id"],
        "campaign": http.get("/marketing/v3/campaigns?limit=1").json()["results"][0]["id"],
    }
    answer = http.get(numbered.format(**ids)).raise_for_status().text
    for version in DATES:
        path = DATED[numbered].format(date=version, **ids)
        told = http.get(path).raise_for_status().text
        assert told.replace(path.partition("?")[0], numbered.format(**ids).partition("?")[0]) == answer


@pytest.mark.parametrize("date", DATES)
def test_searches_batches_and_lists_go_by_date_and_their_links_stay_with_it(
    http: httpx.Client, crowded: httpx.Client, date: str
) -> None:
    ids = [row["id"] for row in walk(http, f"/crm/objects/{date}/deals", limit="100")]
    assert ids == [row["id"] for row in walk(http, "/crm/v3/objects/deals", limit="100")]
    won = {"filters": [{"propertyName": "dealstage", "operator": "EQ", "value": "closedwon"}], "limit": 5, "after": "5"}
    wanted = {"inputs": [{"id": id_} for id_ in ids[:5]]}
    for numbered, dated, body in (
        ("/crm/v3/objects/deals/search", f"/crm/objects/{date}/deals/search", won),
        ("/crm/v3/objects/deals/batch/read", f"/crm/objects/{date}/deals/batch/read", wanted),
        ("/crm/v4/associations/deals/companies/batch/read", f"/crm/associations/{date}/deals/companies/batch/read", wanted),
    ):
        by_number, by_date = (http.post(path, json=body).raise_for_status().json() for path in (numbered, dated))
        assert by_date["results"] == by_number["results"] != []

    firm = next(walk(crowded, f"/crm/objects/{date}/companies", limit="1", associations="contacts"))
    batch = crowded.post(f"/crm/associations/{date}/companies/contacts/batch/read", json={"inputs": [{"id": firm["id"]}]}).json()
    for link in (firm["associations"]["contacts"]["paging"]["next"]["link"], batch["results"][0]["paging"]["next"]["link"]):
        assert link.startswith(f"{crowded.base_url}crm/objects/{date}/companies/{firm['id']}/associations/contacts")
        assert crowded.get(link).json()["results"][0]["associationTypes"]


@pytest.mark.parametrize(
    "path",
    [
        "/crm/objects/2024-09/deals",
        "/crm/objects/v3/deals",
        "/crm/v3/2026-03/objects/deals",
        "/marketing/forms/2026-03",
        "/oauth/2025-09/token",
    ],
)
def test_a_date_without_a_version_is_no_path(http: httpx.Client, path: str) -> None:
    answer = http.post(path) if path.endswith("token") else http.get(path)
    assert (answer.status_code, answer.json()["category"]) == (404, "OBJECT_NOT_FOUND")


def test_a_token_can_be_had_by_date(group: RunningSandbox) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-0", **CLIENT}
    token = httpx.post(f"{group.url}/hubspot/oauth/2026-03/token", data=form).raise_for_status().json()
    assert token["token_use"] == "access_token"
    with called(group, token["access_token"]) as client:
        assert client.get("/crm/owners/2026-03").status_code == 200
