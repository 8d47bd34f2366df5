"""Asking NetSuite in SuiteQL: statements from declarations, pages by key, and what to leave out where an account lacks it.

NetSuite gives 100,000 rows of a query at most, and pages by offset move while others write. So each page asks for the rows above the
last key: any number of rows comes, each once, whatever is added or deleted meanwhile. A field or table that the account or the role
does not have fails the whole query; the query is then asked again without it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
from msgspec.structs import astuple

from dlt_sources.connection import Unavailable
from dlt_sources.http import (
    ApiClient,
    BadRequest,
    ErrorReply,
    IncompleteRead,
    MalformedReply,
    NotFound,
    PagingLoop,
    Reply,
    Request,
    SourceError,
)
from dlt_sources.netsuite.records import Listing
from dlt_sources.records.declare import record_columns

log = logging.getLogger(__name__)
PAGE_SIZE = 1000  # the most that NetSuite gives
CAP = 100_000  # rows of one query
MOMENT = "YYYY-MM-DD HH24:MI:SS"
_DAY = "YYYY-MM-DD"
_PATH = "services/rest/query/v1/suiteql"
_BAD_REQUEST = 400
_FIELD = re.compile(r"(?i)(?:field|column)(?: name)?\s*[:=]?\s*['\"]([\w.]+)['\"]|unknown identifier\s*[:=]?\s*['\"]?([\w.]+)")
_RECORD = re.compile(r"(?i)(?<!for )\b(?:record|table)(?: type)?\s*[:=]?\s*['\"](\w+)['\"]")

Row = msgspec.Raw


class Refusal(SourceError):
    """NetSuite refuses a query; ``field`` or ``record`` is what it names as missing, in lower case."""

    def __init__(self, message: str, *, field: str = "", record: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.record = record

    def __reduce__(self) -> tuple[object, ...]:
        return (BadRequest, (str(self),))


@dataclass(frozen=True)
class Answer:
    """One page of a query: its rows, and whether more match."""

    reply: Reply
    rows: list[Row]
    more: bool
    total: int | None


class _Envelope(msgspec.Struct):
    items: list[Row]
    more: bool = msgspec.field(name="hasMore", default=False)
    count: int | None = None
    total: int | None = msgspec.field(name="totalResults", default=None)


class _Detail(msgspec.Struct):
    detail: str = ""
    code: str = msgspec.field(name="o:errorCode", default="")


class _Problem(msgspec.Struct):
    status: int = 0
    details: list[_Detail] = msgspec.field(name="o:errorDetails", default_factory=list)


@dataclass
class Patience:
    """How to take a failure without a reason: of a query that never worked, one of its fields may be the cause; others are repeated."""

    unproven: bool = False

    def classify(self, reply: Reply) -> bool | None:
        """For the client's policy: whether to repeat a call."""
        return False if self.unproven and b"UNEXPECTED_ERROR" in reply.body else None


class Query:
    """Asks through a client; remembers what the account turned out not to have, and tells it in ``unavailable``.

    ``patience`` is that of the client's policy.
    """

    def __init__(self, api: ApiClient, unavailable: Unavailable, patience: Patience) -> None:
        self._api = api
        self._patience = patience
        self._unavailable = unavailable
        self._left_out: dict[str, set[str]] = {}
        self._proven: set[str] = set()

    def ask(self, statement: str, *, limit: int = PAGE_SIZE, offset: int = 0) -> Answer:
        """One page of a statement.

        Raises :class:`Refusal` where NetSuite does not accept it.
        """

        def parse(reply: Reply) -> Answer:
            if reply.status == _BAD_REQUEST:
                raise _refusal(self._api.name, reply)
            try:
                found = msgspec.json.decode(reply.body, type=_Envelope)
            except msgspec.DecodeError:
                raise _not_a_page(self._api.name, reply) from None
            if found.count not in {None, len(found.items)} or (found.more and not found.items):
                raise MalformedReply(f"{reply.request} announced {found.count} rows on its page, but {len(found.items)} arrived.")
            return Answer(reply, found.items, found.more, found.total)

        params = {"limit": str(limit), "offset": str(offset)}
        return self._api.send(Request("POST", _PATH, params, {"Prefer": "transient"}, {"q": statement}), parse)

    def pages(self, listing: Listing, conditions: Sequence[str] = ()) -> Iterator[Answer]:
        """Every row of a listing, each once: above the last key where keys are whole numbers in order, else by offset.

        Raises :class:`PagingLoop` where rows come again or out of order, :class:`IncompleteRead` where they stop too early.
        """
        last: tuple[int, ...] | None = None
        while True:
            above = [] if last is None else [_above(listing.order, last)]
            answer = self._ask_adapting(listing, [*conditions, *above])
            keys = numbers_of(answer.rows, listing)
            if keys is None or any(later <= earlier for earlier, later in pairwise(keys)) or (keys and last and keys[0] <= last):
                if last is not None:
                    raise PagingLoop(
                        f"Connection '{self._api.name}': the rows of {listing.table} do not come in the order asked for."
                    )
                yield from self._by_offset(listing, conditions, answer)
                return
            yield answer
            if not answer.more:
                if answer.total not in {None, len(keys)}:
                    raise _incomplete(self._api.name, listing, answer.total, len(keys))
                return
            last = keys[-1]

    def _by_offset(self, listing: Listing, conditions: Sequence[str], answer: Answer) -> Iterator[Answer]:
        """The pages of a listing whose keys are not ascending numbers: 100,000 rows at most."""
        seen: set[tuple[str, ...]] = set()
        while True:
            keys = {key_of(row, listing) for row in answer.rows}
            if len(keys) != len(answer.rows) or keys & seen:
                raise PagingLoop(
                    f"Connection '{self._api.name}': rows of {listing.table} come again; nothing tells which were missed."
                )
            seen |= keys
            yield answer
            if not answer.more:
                break
            if len(seen) >= CAP:
                raise _incomplete(self._api.name, listing, answer.total, len(seen))
            answer = self._ask_adapting(listing, conditions, offset=len(seen))
        if answer.total not in {None, len(seen)}:
            raise _incomplete(self._api.name, listing, answer.total, len(seen))

    def since(self, listing: Listing, floor: str, conditions: Sequence[str] = ()) -> Iterator[Answer]:
        """Rows of a listing in the order of its moment (or day) of change, from ``floor`` on (empty: all).

        Pages are by offset: rows of such listings are only ever added at the end. Beyond 100,000 rows the moment of the last row is
        the next floor, and the rows of that moment come once more.
        """
        while True:
            offset, newest = 0, floor
            start = [_from(listing, floor)] if floor else []
            while True:
                answer = self._ask_adapting(listing, [*conditions, *start], offset=offset)
                yield answer
                if answer.rows:
                    newest = moment_of(answer.rows[-1], listing) or newest
                if not answer.more:
                    if answer.total not in {None, offset + len(answer.rows)}:
                        raise _incomplete(self._api.name, listing, answer.total, offset + len(answer.rows))
                    return
                offset += PAGE_SIZE
                if offset >= CAP:
                    break
            if newest == floor:
                raise _incomplete(self._api.name, listing, None, offset)
            floor = newest

    def newest(self, listing: Listing) -> str:
        """The latest moment of change in a table; empty where there is none or the account does not tell."""
        statement = f"SELECT TO_CHAR(MAX(t.{listing.changed}), '{MOMENT}') AS newest FROM {listing.table} t"
        try:
            rows = self.ask(statement, limit=1).rows
        except Refusal:
            return ""
        return str(_fields(rows[0]).get("newest") or "") if rows else ""

    def changed_documents(self, listing: Listing, floor: str) -> Iterator[list[tuple[int, str]]]:
        """Pages of (transaction, latest moment of its lines) of lines that changed from ``floor`` on, ascending.

        Gives nothing, and says so, where the account has no such moments.
        """
        last: int | None = None
        while True:
            above = "" if last is None else f" AND t.transaction > {last}"
            statement = (
                f"SELECT t.transaction AS id, TO_CHAR(MAX(t.{listing.changed}), '{MOMENT}') AS changed FROM {listing.table} t "
                f"WHERE {_from(listing, floor)}{above} GROUP BY t.transaction ORDER BY t.transaction"
            )
            try:
                answer = self.ask(statement)
            except Refusal as refusal:
                self._tell(f"{listing.table}.{listing.changed}", str(refusal))
                return
            found = [(int(str(row["id"])), str(row.get("changed", ""))) for row in map(_fields, answer.rows)]
            if any(later[0] <= earlier[0] for earlier, later in pairwise(found)):
                raise PagingLoop(f"Connection '{self._api.name}': changes of {listing.table} do not come in the order asked for.")
            yield found
            if not answer.more:
                return
            last = found[-1][0]

    def existing(self, listing: Listing, ids: Sequence[int]) -> set[int]:
        """Which of some ids (1,000 at most) the table holds now."""
        key = listing.order[0]
        listed = ", ".join(map(str, ids))
        answer = self.ask(f"SELECT t.{key} AS id FROM {listing.table} t WHERE t.{key} IN ({listed}) ORDER BY t.{key}")
        return {int(str(_fields(row)["id"])) for row in answer.rows}

    def first_page(self, listing: Listing) -> int:
        """The rows of a page of one row: whether a table can be read."""
        return len(self._ask_adapting(listing, [], limit=1).rows)

    def _ask_adapting(self, listing: Listing, conditions: Sequence[str], *, limit: int = PAGE_SIZE, offset: int = 0) -> Answer:
        """Ask for the fields that the account has, finding out which those are."""
        while True:
            fields = self._fields(listing)
            lacking = self._left_out.get(listing.table, set())
            met = [each for each in conditions if not any(f"t.{name} " in each for name in lacking)]
            self._patience.unproven = listing.table not in self._proven
            try:
                answer = self.ask(_select(listing, fields, met), limit=limit, offset=offset)
            except Refusal as refusal:
                missing = {name for name in fields if name == refusal.field.rpartition(".")[2]}
                if refusal.record == listing.table or missing & listing.needed:
                    raise NotFound(f"{refusal} The account or the role has no such table or field.") from None
                self._leave_out(listing, missing or self._search_bad(listing, fields, refusal), str(refusal))
            except BadRequest as failure:
                if not self._patience.unproven:
                    raise
                # One bad field also makes NetSuite fail without saying why; with none found the failure was a passing one.
                self._leave_out(listing, self._search_bad(listing, fields, failure), str(failure))
                self._proven.add(listing.table)
            else:
                self._proven.add(listing.table)
                return answer
            finally:
                self._patience.unproven = False

    def _fields(self, listing: Listing) -> list[str]:
        missing = self._left_out.get(listing.table, set())
        return [name for name in fields_of(listing) if name not in missing]

    def _leave_out(self, listing: Listing, missing: set[str], reason: str) -> None:
        self._left_out.setdefault(listing.table, set()).update(missing)
        for name in sorted(missing):
            self._tell(f"{listing.table}.{name}", reason)

    def _tell(self, what: str, reason: str) -> None:
        log.info("%s: %s is left out: %s", self._api.name, what, reason)
        self._unavailable.reasons[what] = reason

    def _search_bad(self, listing: Listing, fields: Sequence[str], trouble: SourceError) -> set[str]:
        """The fields that fail the query when NetSuite does not name them; raises the trouble where they are not to blame."""
        needed = [name for name in fields if name in listing.needed]

        def fails(some: Sequence[str]) -> bool:
            try:
                self.ask(_select(listing, [*needed, *some], []), limit=1)
            except (Refusal, BadRequest):
                return True
            return False

        def among(some: Sequence[str]) -> set[str]:
            if not some or not fails(some):
                return set()
            if len(some) == 1:
                return set(some)
            return among(some[: len(some) // 2]) | among(some[len(some) // 2 :])

        if fails([]):
            raise NotFound(str(trouble)) if isinstance(trouble, Refusal) else trouble
        bad = among([name for name in fields if name not in listing.needed])
        if not bad and isinstance(trouble, Refusal):
            raise BadRequest(str(trouble))
        return bad


def fields_of(listing: Listing) -> list[str]:
    """The declared fields of a table, in the vendor's names."""
    return [column.name for column in record_columns(listing.endpoint.document)]


def moment_of(row: Row, listing: Listing) -> str:
    """The moment of change of a row, as text; empty where it has none."""
    return str(_fields(row).get(listing.changed) or "")


def numbers_of(rows: Sequence[Row], listing: Listing) -> list[tuple[int, ...]] | None:
    """The whole numbers by which the rows of a page are ordered; None where they are none."""
    found = msgspec.json.decode(b"[" + b",".join(rows) + b"]", type=_order_type(listing.order))
    try:
        return [tuple(map(int, astuple(each))) for each in found]
    except (TypeError, ValueError):
        return None


@cache
def _order_type(order: tuple[str, ...]) -> Any:
    return list[msgspec.defstruct("Order", [(name, str | int | None, None) for name in order])]  # type: ignore[misc]  # made here


def moments_of(rows: Sequence[Row], listing: Listing) -> list[str]:
    """The moment of change of each row, as text; empty where it has none."""
    found = msgspec.json.decode(b"[" + b",".join(rows) + b"]", type=_order_type((listing.changed,)))
    return [str(moment or "") for (moment,) in map(astuple, found)]


def key_of(row: Row, listing: Listing) -> tuple[str, ...]:
    """The key of a row in its raw table, as texts."""
    fields = _fields(row)
    return tuple(str(fields.get(name) or "") for name in listing.endpoint.tables[0].key)


def among(column: str, ids: Sequence[int]) -> str:
    """A condition for some ids, 1,000 at most."""
    return f"t.{column} IN ({', '.join(map(str, ids))})"


def changed_from(listing: Listing, floor: str) -> list[str]:
    """The condition for what changed from a moment on; none for the empty moment."""
    return [_from(listing, floor)] if floor else []


def _select(listing: Listing, fields: Sequence[str], conditions: Sequence[str]) -> str:
    kinds = {column.name: column.kind.sql for column in record_columns(listing.endpoint.document)}
    masks = {"DATE": _DAY, "TIMESTAMP": MOMENT}
    columns = [f"TO_CHAR(t.{name}, '{masks[kinds[name]]}') AS {name}" if kinds[name] in masks else f"t.{name}" for name in fields]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    order = ", ".join(f"t.{name}" for name in listing.order if name in fields)
    return f"SELECT {', '.join(columns)} FROM {listing.table} t{where} ORDER BY {order}"


def _above(order: Sequence[str], last: Sequence[int]) -> str:
    if len(order) == 1:
        return f"t.{order[0]} > {last[0]}"
    return f"t.{order[0]} >= {last[0]} AND (t.{order[0]} > {last[0]} OR t.{order[1]} > {last[1]})"


def _from(listing: Listing, floor: str) -> str:
    if len(floor) == len("2026-01-31"):
        return f"t.{listing.changed} >= TO_DATE('{floor}', '{_DAY}')"
    return f"t.{listing.changed} >= TO_TIMESTAMP('{floor}', '{MOMENT}')"


def _fields(row: Row) -> Mapping[str, Any]:
    return msgspec.json.decode(row, type=dict[str, Any])


def _refusal(connection: str, reply: Reply) -> Refusal:
    try:
        details = msgspec.json.decode(reply.body, type=_Problem).details
    except msgspec.DecodeError:
        details = []
    detail = " ".join(part.detail for part in details) or reply.body[:300].decode("utf-8", "replace")
    field = _FIELD.search(detail)
    record = None if field else _RECORD.search(detail)
    return Refusal(
        f"Connection '{connection}': NetSuite refuses the query: {' '.join(detail.split())[:400]}",
        field=(field[1] or field[2]).lower() if field else "",
        record=record[1].lower() if record else "",
    )


def _not_a_page(connection: str, reply: Reply) -> SourceError:
    """What came under a good status and is no page: NetSuite's own error, or anything else, which is asked for again."""
    try:
        details = msgspec.json.decode(reply.body, type=_Problem).details
    except msgspec.DecodeError:
        details = []
    if details:
        return ErrorReply(f"Connection '{connection}': {reply.request} answered with an error: {details[0].detail[:300]}")
    return MalformedReply(f"Connection '{connection}': {reply.request} did not answer with rows; check base_url.")


def _incomplete(connection: str, listing: Listing, announced: int | None, arrived: int) -> IncompleteRead:
    told = (
        f"announced {announced} rows, but {arrived} arrived"
        if announced is not None
        else "has more rows of one moment than can be read"
    )
    return IncompleteRead(f"Connection '{connection}': {listing.table} {told}; the read is repeated at the next run.")
