"""The NetSuite emulator on the wire: sign-in, envelopes, SuiteQL and its limits, as the vendor's documentation and users tell them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from sandbox.server import application
from sandbox.vendors import netsuite
from sandbox.vendors.netsuite import access
from sandbox.vendors.wire import VirtualClock

JUNE = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
KEYS = {"rsa": rsa.generate_private_key(65537, 2048), "ec": ec.generate_private_key(ec.SECP384R1())}


@contextmanager
def serving(company: Path, at: datetime = JUNE, **options: Any) -> Iterator[str]:
    """The emulator alone, at any moment of the company's history; gives the sandbox's address."""
    clock = VirtualClock(at)
    app = application([netsuite.vendor(company, clock, **options)], clock)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


class NetSuite:
    """A caller with a bearer token."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/netsuite/services/rest"
        self.keys = httpx.get(f"{url}/_sandbox/connections").json()["netsuite_us"]
        self.token = self.grant(assertion(self.token_url)).json()["access_token"]

    @property
    def token_url(self) -> str:
        return f"{self.url}/auth/oauth2/v1/token"

    def grant(self, signed: str, **form: str) -> httpx.Response:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        body = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": signed, **form}
        return httpx.post(self.token_url, data=body)

    def ask(self, q: str, *, params: list[str] | None = None, headers: dict[str, str] | None = None, **page: int) -> httpx.Response:
        sent = {"Prefer": "transient", "Authorization": f"Bearer {self.token}"} if headers is None else headers
        body = {"q": q} if params is None else {"q": q, "params": params}
        return httpx.post(f"{self.url}/query/v1/suiteql", json=body, params=page, headers=sent, timeout=60)

    def rows(self, q: str, **page: int) -> list[dict[str, str]]:
        answer = self.ask(q, **page)
        assert answer.status_code == 200, answer.text
        return [{name: value for name, value in row.items() if name != "links"} for row in answer.json()["items"]]

    def detail(self, q: str, **page: int) -> str:
        answer = self.ask(q, **page)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["o:errorDetails"][0]["detail"])


def assertion(audience: str, key: str = "rsa", algorithm: str = "PS256", kid: str = "rsa", **claims: object) -> str:
    now = int(time.time())
    told = {"iss": access.CLIENT_ID, "scope": ["rest_webservices"], "aud": audience, "iat": now, "exp": now + 600, **claims}
    return jwt.encode(told, KEYS[key], algorithm=algorithm, headers={"kid": kid})


@pytest.fixture(scope="module")
def served(meridian: Path) -> Iterator[str]:
    certificates = {name: key.public_key() for name, key in KEYS.items()}
    with serving(meridian, limits=False, certificates=certificates) as url:
        yield url


@pytest.fixture(scope="module")
def suite(served: str) -> NetSuite:
    return NetSuite(served)


@pytest.mark.parametrize(("key", "algorithm"), [("rsa", "PS256"), ("rsa", "PS512"), ("ec", "ES384")])
def test_a_signed_assertion_gives_a_token_of_an_hour_and_no_refresh_token(suite: NetSuite, key: str, algorithm: str) -> None:
    answer = suite.grant(assertion(suite.token_url, key, algorithm, kid=key, scope="restlets,rest_webservices"))
    assert answer.status_code == 200
    token = answer.json()
    assert token.keys() == {"access_token", "expires_in", "token_type"}
    assert (token["expires_in"], token["token_type"]) == (3600, "Bearer")
    keys = jwt.PyJWKSet.from_dict(httpx.get(f"{suite.url}/auth/oauth2/v1/keys").json())
    kid = jwt.get_unverified_header(token["access_token"])["kid"]
    options = {"verify_aud": False, "verify_iat": False, "verify_exp": False}
    assert jwt.decode(token["access_token"], keys[kid].key, algorithms=["ES256"], options=options)["scope"] == ["rest_webservices"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"algorithm": "RS256"}, "invalid_grant"),
        ({"kid": "unknown"}, "invalid_grant"),
        ({"kid": "ec"}, "invalid_grant"),
        ({"audience": "https://elsewhere.example/token"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"exp": int(time.time()) + 7200}, "invalid_grant"),
        ({"scope": ["suite_analytics"]}, "invalid_grant"),
        ({"iss": "another"}, "invalid_client"),
    ],
)
def test_a_bad_assertion_is_refused(suite: NetSuite, wrong: dict[str, Any], error: str) -> None:
    answer = suite.grant(assertion(wrong.pop("audience", suite.token_url), **wrong))
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_an_assertion_is_good_once_and_other_grants_are_refused(suite: NetSuite) -> None:
    signed = assertion(suite.token_url, jti="once")
    assert suite.grant(signed).status_code == 200
    assert suite.grant(signed).json() == {"error": "invalid_grant"}
    assert suite.grant("", client_assertion_type="x").json() == {"error": "invalid_request"}
    assert suite.grant(signed, grant_type="password").json() == {"error": "unsupported_grant_type"}


def test_a_token_dies_with_its_hour_and_the_refusal_is_the_vendors(meridian: Path) -> None:
    with serving(meridian, certificates={"rsa": KEYS["rsa"].public_key()}) as url:
        suite = NetSuite(url)
        assert suite.ask("SELECT id FROM account").status_code == 200
        httpx.post(f"{url}/_sandbox/advance", json={"seconds": 3700}, timeout=60)
        answer = suite.ask("SELECT id FROM account")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="1234567_SB1", error="invalid_token"')
    assert answer.json()["title"] == "Unauthorized"
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"


def _signed(
    url: str, *, method: str = SIGNATURE_HMAC_SHA256, realm: str = "1234567_SB1", secret: str = access.CONSUMER_SECRET, **more: str
) -> str:
    keys = {"client_secret": secret, "resource_owner_key": access.TOKEN_ID, "resource_owner_secret": access.TOKEN_SECRET}
    client = Client(access.CONSUMER_KEY, signature_method=method, realm=realm, **keys, **more)
    return str(client.sign(url, http_method="POST")[1]["Authorization"])


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({}, 200),
        ({"method": SIGNATURE_HMAC_SHA1}, 401),
        ({"realm": "1234567-sb1"}, 401),
        ({"secret": "wrong"}, 401),
        ({"timestamp": "1000000000"}, 401),
        ({"nonce": "short"}, 401),
    ],
)
def test_signed_calls_of_the_old_way_are_verified(suite: NetSuite, wrong: dict[str, str], status: int) -> None:
    url = f"{suite.url}/query/v1/suiteql?limit=5&offset=0"
    header = _signed(url, **wrong)
    answer = httpx.post(
        url, json={"q": "SELECT id FROM account ORDER BY id"}, headers={"Prefer": "transient", "Authorization": header}
    )
    assert answer.status_code == status, answer.text
    again = httpx.post(
        url, json={"q": "SELECT id FROM account ORDER BY id"}, headers={"Prefer": "transient", "Authorization": header}
    )
    assert again.status_code == 401, "a nonce is good once"


def test_every_parameter_of_a_signature_is_signed_even_those_that_libraries_add(suite: NetSuite) -> None:
    url = f"{suite.url}/query/v1/suiteql"
    client = Client(
        access.CONSUMER_KEY,
        access.CONSUMER_SECRET,
        access.TOKEN_ID,
        access.TOKEN_SECRET,
        realm="1234567_SB1",
        signature_method=SIGNATURE_HMAC_SHA256,
    )
    body = '{"q": "SELECT id FROM account ORDER BY id"}'
    _, headers, _ = client.sign(url, "POST", body=body, headers={"Content-Type": "application/json"})
    assert "oauth_body_hash" in headers["Authorization"]
    assert httpx.post(url, content=body, headers={**headers, "Prefer": "transient"}).status_code == 200
    forged = headers["Authorization"].replace("oauth_body_hash", "oauth_body_hush")
    assert httpx.post(url, content=body, headers={**headers, "Authorization": forged, "Prefer": "transient"}).status_code == 401


def test_the_prefer_header_is_required(suite: NetSuite) -> None:
    answer = suite.ask("SELECT id FROM account", headers={"Authorization": f"Bearer {suite.token}"})
    assert answer.status_code == 400
    assert "Prefer" in answer.text


@pytest.mark.parametrize("page", [{"limit": 1001}, {"limit": 0}, {"limit": 10, "offset": 5}, {"offset": -1000}])
def test_pages_have_a_largest_size_and_offsets_that_it_divides(suite: NetSuite, page: dict[str, int]) -> None:
    answer = suite.ask("SELECT id FROM account ORDER BY id", **page)
    assert answer.status_code == 400
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_PARAMETER"


def test_a_page_is_told_as_the_vendor_does(suite: NetSuite) -> None:
    answer = suite.ask(
        "SELECT t.ID, t.TranDate AS \"DAY\", t.duedate, t.foreignTotal FROM Transaction t WHERE t.type = 'Journal' ORDER BY t.id",
        limit=2,
    )
    assert answer.headers["content-type"] == "application/vnd.oracle.resource+json; type=collection"
    page = answer.json()
    assert page.keys() == {"links", "count", "hasMore", "items", "offset", "totalResults"}
    assert (page["count"], page["hasMore"], page["offset"]) == (2, True, 0)
    assert page["items"][0].keys() == {"links", "id", "day"}, "names are lower case, nulls do not come"
    assert page["items"][0]["day"] == "6/30/2023", "dates are in the account's format"
    links = {link["rel"]: link["href"] for link in page["links"]}
    assert links["next"] == f"{suite.url}/query/v1/suiteql?limit=2&offset=2"
    total = page["totalResults"]
    last = suite.ask("SELECT id FROM transaction WHERE type = 'Journal' ORDER BY id", limit=2, offset=(total - 1) // 2 * 2).json()
    assert not last["hasMore"]
    assert {link["rel"] for link in last["links"]} == {"first", "previous", "self"}


def test_every_value_is_text_and_numbers_are_not_padded(suite: NetSuite) -> None:
    assert suite.rows("SELECT COUNT(*) AS count FROM subsidiary") == [{"count": "2"}]
    assert suite.rows("SELECT exchangerate FROM currency WHERE symbol IN ('USD', 'CAD') ORDER BY symbol")[1] == {
        "exchangerate": "1"
    }
    assert suite.rows("SELECT exchangerate FROM currency WHERE symbol = 'JPY'")[0]["exchangerate"].startswith(".00")
    assert suite.rows("SELECT iselimination FROM subsidiary ORDER BY id") == [{"iselimination": "F"}, {"iselimination": "T"}]
    amounts = [
        row["amount"] for row in suite.rows("SELECT amount FROM transactionaccountingline WHERE amount <> 0 ORDER BY transaction")
    ]
    assert not any(amount.endswith("0") and "." in amount for amount in amounts)


def test_moments_are_in_the_accounts_time_zone_to_the_second(suite: NetSuite) -> None:
    told = suite.rows(
        "SELECT TO_CHAR(MAX(createddate), 'YYYY-MM-DD HH24:MI:SS') AS newest, MAX(createddate) AS plain FROM transaction"
    )
    assert told == [{"newest": "2026-06-30 13:00:00", "plain": "6/30/2026"}], "depreciation is posted at 20:00 UTC"
    since = "createddate >= TO_TIMESTAMP('2026-06-30 13:00:00', 'YYYY-MM-DD HH24:MI:SS')"
    assert suite.rows(f"SELECT type FROM transaction WHERE {since} ORDER BY id") == [{"type": "Journal"}]


def test_the_dialect_is_that_of_oracle(suite: NetSuite) -> None:
    assert suite.rows("SELECT TOP 2 id FROM account ORDER BY id") == suite.rows(
        "SELECT id FROM account ORDER BY id FETCH FIRST 2 ROWS ONLY"
    )
    newest = suite.rows("SELECT id FROM transaction ORDER BY trandate DESC, id DESC", limit=3)
    counted = suite.rows("SELECT id FROM transaction WHERE ROWNUM <= 3 ORDER BY trandate DESC, id DESC")
    assert len(counted) == 3
    assert counted != newest, "rows are counted before they are ordered"
    row = suite.rows(
        "SELECT NVL(t.entity, 0) AS entity, DECODE(t.type, 'Journal', 'J', 'D') AS kind, t.tranid || '/' || t.entity AS both, SYSDATE AS today "
        "FROM transaction t WHERE t.id IN (SELECT MIN(x.id) FROM transaction x WHERE x.type = 'Journal')"
    )
    assert row == [{"entity": "0", "kind": "J", "both": "JE-1001/", "today": "6/30/2026"}]
    assert (
        suite.ask("SELECT acctnumber FROM account WHERE id = ? AND isinactive = ?", params=["210", "F"]).json()["items"][0][
            "acctnumber"
        ]
        == "1100"
    )


def test_references_are_shown_as_people_read_them(suite: NetSuite) -> None:
    row = suite.rows(
        "SELECT BUILTIN.DF(t.entity) AS entity, BUILTIN.DF(t.status) AS status, BUILTIN.DF(t.postingperiod) AS period, BUILTIN.DF(l.account) AS account "
        "FROM transaction t INNER JOIN transactionaccountingline l ON l.transaction = t.id "
        "WHERE t.type = 'CustInvc' AND t.voided = 'F' AND t.trandate = TO_DATE('2026-05-21', 'YYYY-MM-DD') AND l.transactionline = 0 AND l.accountingbook = 1 ORDER BY t.id"
    )[0]
    assert row["entity"].startswith("CUST")
    assert row["status"] in {"Invoice : Open", "Invoice : Paid In Full"}
    assert (row["period"], row["account"]) == ("May 2026", "1100 Accounts Receivable")


def test_pages_without_an_order_repeat_rows_and_miss_others(suite: NetSuite) -> None:
    total = int(suite.rows("SELECT COUNT(*) AS n FROM transaction")[0]["n"])
    for order, whole in (("", False), (" ORDER BY id", True)):
        pages = [suite.rows(f"SELECT id FROM transaction{order}", limit=1000, offset=at) for at in range(0, total, 1000)]
        seen = [row["id"] for page in pages for row in page]
        assert len(seen) == total
        assert (len(set(seen)) == total) is whole


def test_a_query_gives_a_hundred_thousand_rows_at_most(suite: NetSuite) -> None:
    crossed = "SELECT t.id, a.id AS account FROM transaction t CROSS JOIN account a ORDER BY t.id, a.id"
    last = suite.ask(crossed, limit=1000, offset=99_000).json()
    assert (last["totalResults"], last["count"], last["hasMore"]) == (100_000, 1000, False)
    assert suite.ask(crossed, limit=1000, offset=100_000).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT nonsense FROM account", "Field 'nonsense' for record 'account' was not found. Reason: REMOVED"),
        ("SELECT t.nonsense FROM account t", "Field 'nonsense' for record 'account' was not found"),
        ("SELECT id FROM nowhere", "Record 'nowhere' was not found"),
        ("SELECT x.id FROM account t", "Unknown identifier 'x'"),
        ("SELEC id FROM account", "Invalid or unsupported search"),
        ("SELECT id FROM account LIMIT 5", "Invalid or unsupported search"),
        ("SELECT id FROM account ORDER BY id OFFSET 5 ROWS", "Invalid or unsupported search"),
        ("SELECT id FROM account; SELECT id FROM vendor", "single SELECT"),
        ("DELETE FROM account", "single SELECT"),
        ("SELECT id FROM account WHERE trandate = 1", "Field 'trandate'"),
        ("SELECT id FROM transaction WHERE trandate > TO_DATE('x', 'YYYY-MM-DD')", "Search error occurred"),
    ],
)
def test_what_cannot_be_understood_is_told_in_the_vendors_words(suite: NetSuite, query: str, told: str) -> None:
    detail = suite.detail(query)
    assert detail.startswith("Invalid search query. Detailed unprocessed description follows.")
    assert told in detail


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        'SELECT * FROM "/etc/hostname"',
        "SELECT content FROM read_csv_auto('/etc/hostname') t",
        "SELECT getenv('HOME') AS h FROM account",
        "SELECT id, (SELECT content FROM read_text('/etc/hostname')) AS c FROM account",
        "SELECT id FROM meridian.company.account",
        "SELECT id FROM main.account",
        "SELECT * FROM _number",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM information_schema.tables",
        "SELECT query('SELECT 1') FROM account",
        "SELECT COLUMNS('id') FROM account",
        "SELECT id FROM account UNION ALL SELECT key FROM _number",
        "WITH x AS (SELECT * FROM read_text('/etc/hostname')) SELECT * FROM x",
        "WITH RECURSIVE x AS (SELECT 1 AS n FROM account UNION ALL SELECT n + 1 FROM x) SELECT n FROM x",
        "ATTACH 'x.duckdb' AS x",
        "COPY account TO 'x.csv'",
        "PRAGMA database_list",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT id INTO x FROM account",
    ],
)
def test_nothing_but_the_accounts_own_tables_can_be_read(suite: NetSuite, query: str) -> None:
    assert suite.ask(query).status_code == 400


def test_more_calls_at_once_than_the_account_may_are_blocked(meridian: Path) -> None:
    slow = "SELECT COUNT(*) AS n FROM transactionaccountingline a CROSS JOIN currencyrate b"
    with serving(meridian, certificates={"rsa": KEYS["rsa"].public_key()}) as url:
        suite = NetSuite(url)
        limits = httpx.get(f"{suite.url}/system/v1/governanceLimits", headers={"Authorization": f"Bearer {suite.token}"}).json()
        assert limits["accountConcurrencyLimit"] == 5
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: suite.ask(slow), range(12)))
    blocked = [answer for answer in answers if answer.status_code == 429]
    assert blocked
    assert len(blocked) <= 7
    body = blocked[0].json()
    assert (body["title"], body["status"], body["o:errorCode"]) == ("Bad Request", 429, "USER_ERROR")
    assert body["o:errorDetails"] == [
        {"detail": "Concurrent request limit exceeded. Request blocked.", "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED"}
    ]
    assert "retry-after" not in blocked[0].headers


def test_records_are_listed_bare(suite: NetSuite) -> None:
    headers = {"Authorization": f"Bearer {suite.token}"}
    page = httpx.get(f"{suite.url}/record/v1/invoice", params={"limit": 3}, headers=headers).json()
    assert page["items"][0] == {
        "links": [{"rel": "self", "href": f"{suite.url}/record/v1/invoice/{page['items'][0]['id']}"}],
        "id": page["items"][0]["id"],
    }
    recent = httpx.get(
        f"{suite.url}/record/v1/invoice", params={"q": 'lastModifiedDate ON_OR_AFTER "6/25/2026"'}, headers=headers
    ).json()
    assert 0 < recent["totalResults"] < page["totalResults"]
    assert httpx.get(f"{suite.url}/record/v1/nothing", headers=headers).json()["status"] == 404


def test_two_books_hold_the_same_amounts_and_every_transaction_balances(suite: NetSuite) -> None:
    books = suite.rows(
        "SELECT accountingbook, COUNT(*) AS n, SUM(debit) AS d, SUM(credit) AS c FROM transactionaccountingline GROUP BY accountingbook ORDER BY accountingbook"
    )
    assert [book["accountingbook"] for book in books] == ["1", "2"]
    assert books[0]["n"] == books[1]["n"]
    assert books[0]["d"] == books[0]["c"] == books[1]["d"]
    unbalanced = "SELECT transaction FROM transactionaccountingline GROUP BY transaction, accountingbook HAVING SUM(amount) <> 0"
    assert suite.rows(unbalanced) == []
    assert suite.rows("SELECT l.transaction FROM transactionline l WHERE l.subsidiary <> 1") == [], (
        "the elimination subsidiary posts nothing"
    )


def test_open_items_are_the_balance_of_their_control_account(suite: NetSuite) -> None:
    control = suite.rows(
        "SELECT a.acctnumber, SUM(l.amount) AS balance, SUM(CASE WHEN t.type IN ('CustInvc', 'VendCred') THEN l.amountunpaid ELSE -l.amountunpaid END) AS unpaid "
        "FROM transactionaccountingline l INNER JOIN transaction t ON t.id = l.transaction INNER JOIN account a ON a.id = l.account "
        "WHERE l.accountingbook = 1 AND l.posting = 'T' AND a.accttype IN ('AcctRec', 'AcctPay') GROUP BY a.acctnumber ORDER BY a.acctnumber"
    )
    assert [row["acctnumber"] for row in control] == ["1100", "1150", "2000", "2050"]
    assert all(row["balance"] == row["unpaid"] for row in control)


def test_charges_within_the_group_name_their_partner(suite: NetSuite) -> None:
    rows = suite.rows(
        "SELECT DISTINCT c.companyname AS partner, l.eliminate FROM transactionline l INNER JOIN transactionaccountingline a ON a.transaction = l.transaction "
        "AND a.transactionline = l.id INNER JOIN account x ON x.id = a.account INNER JOIN customer c ON c.id = l.entity WHERE x.acctnumber = '1150' ORDER BY c.companyname"
    )
    assert {row["partner"] for row in rows} == {
        "BrightForms LLC",
        "Meridian Deutschland GmbH",
        "Meridian Japan KK",
        "Meridian UK Ltd",
    }
    assert {row["eliminate"] for row in rows} == {"T"}
