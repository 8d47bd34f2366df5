"""European Central Bank: the euro's daily reference rates, through the public data service (SDMX-CSV).

Rates are units of a currency for one euro, on business days, published about 16:00 CET. Public, without credentials.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, MalformedReply, NoAuth, Policy, RateLimit, Reply, Request, SourceError
from dlt_sources.records import Archive, Day, MoneyText, Record, Table
from dlt_sources.records.intake import Endpoint, Intake

OVERLAP = timedelta(days=10)  # rates are sometimes published late, and rarely corrected


class EcbSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of the connection: which currencies, separated by commas, and from which day on."""

    currencies: str = "USD,GBP,JPY,CHF,CAD,AUD,CNY,SEK,NOK,DKK,PLN"
    first_day: str = "2018-01-01"
    base_url: str = "https://data-api.ecb.europa.eu/service"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{3}(\s*,\s*[A-Z]{3})*", self.currencies):
            raise ValueError("currencies must be three-letter codes separated by commas, such as USD,GBP")
        date.fromisoformat(self.first_day)


class ExchangeRate(Record, rename={"currency": "CURRENCY", "rate_date": "TIME_PERIOD", "units_per_eur": "OBS_VALUE"}):
    """Units of the currency for one euro on a day."""

    currency: str
    rate_date: Day
    units_per_eur: MoneyText


RATES = Endpoint(
    "exchange_rates",
    ExchangeRate,
    (Table("exchange_rates", ExchangeRate, ("currency", "rate_date"), "Euro reference rates by currency and business day."),),
    lambda d: f"{d.currency}|{d.rate_date}",
)
TABLES = RATES.tables


def client(connection: Connection[EcbSettings]) -> ApiClient:
    """A client of the data service."""
    policy = Policy(limits=(RateLimit(20, 10.0),))
    return ApiClient(connection.name, connection.settings.base_url, NoAuth(), policy, pacer=connection.pacer(policy.limits))


def source(connection: Connection[EcbSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one table, from the last known day less an overlap."""
    archive = Archive(connection.archive, "ecb", connection.name)

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        known: dict[str, str] = state.setdefault("known", {})
        intake = Intake(endpoint, connection_id=connection.name, archive=archive, known=known)
        last = state.get("last_day")
        first_day = date.fromisoformat(last) - OVERLAP if last else date.fromisoformat(connection.settings.first_day)
        with client(connection) as api:
            # The service answers 404 where it knows no rate: the overlap holds the last known day, so that it always knows one.
            reply, rates = api.send(_order(connection.settings, first_day), _parse)
        documents = [msgspec.Raw(msgspec.json.encode(rate)) for rate in rates]
        yield from intake.take(reply, documents)
        yield from intake.finish()
        newest = max((rate["TIME_PERIOD"] for rate in rates), default=last)
        if newest:
            floor = (date.fromisoformat(newest) - OVERLAP).isoformat()
            state["last_day"] = newest
            state["known"] = {key: value for key, value in known.items() if key.split("|")[1] >= floor}

    return assemble("ecb", (RATES,), read, essential=(RATES.name,), unavailable=unavailable)


def check(connection: Connection[EcbSettings]) -> list[Finding]:
    """Tell whether the service answers for the currencies asked for."""
    with client(connection) as api:
        try:
            _, rates = api.send(_order(connection.settings, date.fromisoformat(connection.settings.first_day)), _parse)
        except SourceError as trouble:
            return [Finding(ok=False, subject="exchange rates", message=str(trouble))]
    told = {rate["CURRENCY"] for rate in rates}
    return [
        Finding(
            ok=code in told, subject=code, message="readable" if code in told else "the service tells no rate of it; check the code"
        )
        for code in _codes(connection.settings)
    ]


def _codes(settings: EcbSettings) -> list[str]:
    return [code.strip() for code in settings.currencies.split(",") if code.strip() != "EUR"]


def _order(settings: EcbSettings, first_day: date) -> Request:
    path = f"data/EXR/D.{'+'.join(_codes(settings))}.EUR.SP00.A"
    return Request("GET", path, {"startPeriod": first_day.isoformat(), "format": "csvdata"})


def _parse(reply: Reply) -> tuple[Reply, list[dict[str, str]]]:
    """Rows of the CSV with the columns that the table needs; a cut-off last line is a malformed answer."""
    text = reply.body.decode("utf-8-sig", "replace")
    reader = csv.DictReader(io.StringIO(text))
    wanted = ("CURRENCY", "TIME_PERIOD", "OBS_VALUE")
    if not set(wanted) <= set(reader.fieldnames or ()) or not text.endswith("\n"):
        raise MalformedReply(f"{reply.request} did not answer with exchange rates; check base_url.")
    rates = []
    for row in reader:
        if None in row.values():
            raise MalformedReply(f"{reply.request} answered with a line that is cut off.")
        if row["OBS_VALUE"]:
            rates.append({name: row[name] for name in wanted})
    return reply, rates
