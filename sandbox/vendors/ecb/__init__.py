"""The European Central Bank's data service: euro reference rates as SDMX-CSV, without credentials."""

from __future__ import annotations

import csv
import io
import threading
from datetime import UTC, date, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.database import in_memory
from sandbox.vendors.wire import Vendor, VirtualClock

NAME = "ecb"
_COLUMNS = ("KEY", "FREQ", "CURRENCY", "CURRENCY_DENOM", "EXR_TYPE", "EXR_SUFFIX", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS")
_KEY_PARTS = 5


class _Rates:
    """The published rates; only those of the horizon are told."""

    def __init__(self, company: Path) -> None:
        self._db = in_memory()
        self._lock = threading.Lock()
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
        self._db.execute("create table rate as select * from source.company.fx_rate order by currency, rate_date; detach source")

    def move(self, horizon: datetime) -> None:
        """Tell what is published at the horizon."""
        with self._lock:
            self._db.execute("set variable horizon = ?", [horizon.astimezone(UTC).replace(tzinfo=None)])

    def select(self, currencies: list[str], first: date, last: date) -> list[tuple[str, date, str]]:
        """Currency, day and rate as text, of all or some currencies."""
        with self._lock:
            rows = self._db.execute(
                """select currency, rate_date, rtrim(rtrim(units_per_eur::varchar, '0'), '.') from rate
                where published_at <= getvariable('horizon') and rate_date between ? and ? and (len(?) = 0 or currency in (select unnest(?)))
                order by currency, rate_date""",
                [first, last, currencies, currencies],
            ).fetchall()
        return [(str(row[0]), row[1], str(row[2])) for row in rows]


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:  # noqa: ARG001 - the service has no limits
    """An emulator that tells the company's exchange rates as the central bank published them."""
    rates = _Rates(company)
    rates.move(clock.horizon)

    async def data(request: Request) -> Response:
        """``/service/data/EXR/D.USD+GBP.EUR.SP00.A?startPeriod=2026-01-01&format=csvdata``."""
        parts = request.path_params["key"].split(".")
        if len(parts) != _KEY_PARTS or parts[0] != "D" or parts[2] != "EUR":
            return PlainTextResponse("The series key is not valid: D.<currencies>.EUR.SP00.A is expected.", 400)
        if request.query_params.get("format") != "csvdata":
            return PlainTextResponse("Not acceptable", 406)
        try:
            first = date.fromisoformat(request.query_params.get("startPeriod", "1999-01-04"))
            last = date.fromisoformat(request.query_params.get("endPeriod", "9999-12-31"))
        except ValueError:
            return PlainTextResponse("startPeriod and endPeriod must be dates.", 400)
        found = rates.select([code for code in parts[1].split("+") if code], first, last)
        if not found:
            return PlainTextResponse("No results found.", 404)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(_COLUMNS)
        writer.writerows(
            (f"EXR.D.{code}.EUR.SP00.A", "D", code, "EUR", "SP00", "A", day.isoformat(), rate, "A") for code, day, rate in found
        )
        return Response(text.getvalue(), media_type="text/csv")

    app = Starlette(routes=[Route("/service/data/EXR/{key}", data)])
    return Vendor(
        NAME, app, rates.move, _error, {"rates": {"system": NAME, "base_url": "{url}/ecb/service", "currencies": "USD,GBP,JPY"}}
    )


def _error(kind: str) -> Response:
    """The service answers every trouble with a plain sentence."""
    status = {"throttle": 429, "day_limit": 429, "unauthorized": 401, "forbidden": 403, "error_200": 200}.get(kind, 500)
    return PlainTextResponse("The service is not available.", status)


__all__ = ["NAME", "vendor"]
