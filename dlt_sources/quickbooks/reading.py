"""Reading the books: everything once, by moment of change; then what change data capture tells, as far as it goes.

Change data capture looks back thirty days and tells at most a thousand objects in an answer. An answer that is full is asked again
for each entity; where that is full too, or the look-back has passed, the entity is queried by moment of change, and its ids are
listed whole to find what was deleted meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from dlt_sources.connection import Unavailable
from dlt_sources.http import ApiClient, BadRequest, IncompleteRead, NotFound, Page, PermissionMissing, Reply, Request, walk
from dlt_sources.quickbooks.answers import Answer, Head, changed, query
from dlt_sources.quickbooks.living import IdSet
from dlt_sources.quickbooks.records import CAPTURED, DELETABLE, DELETIONS, HAVE_ACTIVE, TRANSACTIONS
from dlt_sources.records.intake import Endpoint, Intake

PAGE_SIZE = 1000  # the most that QuickBooks gives
MOST_CAPTURED = 1000  # objects in one answer of change data capture, over all its entities
OVERLAP = timedelta(minutes=10)  # the change filter has whole seconds, and writes may become visible a moment late
ADVANCE_AFTER = timedelta(days=1)  # without anything new: the look-back must not pass, and an idle run should change nothing
RATE_MONTHS = 36
_VERIFIED_AT_ONCE = 200
ESSENTIAL = frozenset({"Account", "Item", "JournalEntry", "Invoice", "Payment", "Purchase"})
"""Without these no ledger can be built, whatever the company's plan; it may lack bills, classes and the like."""

State = MutableMapping[str, Any]
Take = Callable[..., Intake]


@dataclass
class _Memory:
    """Fingerprints of what may come again, with the moments of change that say for how long."""

    state: State
    known: dict[str, str] = field(init=False)
    at: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.known = self.state.setdefault("known", {})
        self.at = self.state.setdefault("known_at", {})

    def note(self, key: str, moment: datetime | None) -> None:
        if moment is not None:
            self.at[key] = moment.isoformat()

    def forget_before(self, moment: datetime) -> None:
        floor = moment.isoformat()
        for key in [key for key in self.known if self.at.get(key, "") < floor]:
            del self.known[key]
        for key in [key for key in self.at if key not in self.known]:
            del self.at[key]


@dataclass
class _Changes:
    """What change data capture told; ``answers`` has the entities of which it told all."""

    answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def at(self) -> datetime | None:
        return min((answer.at for answer in self.answers.values()), default=None)


class Books:
    """Reads all entities of which changes are captured, in one go and with one cursor.

    ``intake`` makes the intake of an endpoint. State: ``changed_until`` (the vendor's clock when the last read began), and for each
    entity read so far the fingerprints of the overlap and the set of ids that live.
    """

    def __init__(self, api: ApiClient, realm_id: str, state: State, intake: Take, unavailable: Unavailable) -> None:
        self._api, self._realm_id, self._state, self._intake, self._unavailable = api, realm_id, state, intake, unavailable
        self._entities: dict[str, State] = state.setdefault("entities", {})
        self._began: datetime | None = None
        self._found = False
        self._gone: list[tuple[Reply, list[msgspec.Raw], list[Head]]] = []

    def read(self) -> Iterator[Any]:
        """Yield what is new of every entity, and what was deleted."""
        until = datetime.fromisoformat(self._state["changed_until"]) if "changed_until" in self._state else None
        since = until - OVERLAP if until else None
        changes = self._captured(list(self._entities), since) if since and self._entities else _Changes()
        self._began = changes.at
        for entity, endpoint in CAPTURED.items():
            known = entity in self._entities
            try:
                yield from self._entity(entity, endpoint, since if known else None, changes.answers.get(entity))
            except (PermissionMissing, NotFound, BadRequest) as refusal:
                # A list that QuickBooks will not tell is missed; transactions that it says are asked for wrongly are a fault of ours.
                if entity in ESSENTIAL or (isinstance(refusal, BadRequest) and entity in TRANSACTIONS):
                    raise
                self._entities.pop(entity, None)  # once it may be read, it is read from its beginning
                names = [f"transactions ({entity})"] if entity in TRANSACTIONS else [table.name for table in endpoint.tables]
                self._unavailable.reasons.update(dict.fromkeys(names, str(refusal)))
        yield from self._deletions()
        began = self._began
        if began and (self._found or until is None or began - until > ADVANCE_AFTER):
            self._state["changed_until"] = began.isoformat()
            for each in (*self._entities.values(), self._state.setdefault("deleted", {})):
                _Memory(each).forget_before(began - OVERLAP)

    def _ask(self, entity: str, statement: str) -> Answer:
        answer = query(self._api, self._realm_id, entity, statement)
        self._began = self._began or answer.at
        return answer

    def _captured(self, entities: Sequence[str], since: datetime) -> _Changes:
        """Ask for all entities at once; where the answer is full or refused, for each on its own."""
        try:
            answers = changed(self._api, self._realm_id, entities, since)
        except (BadRequest, PermissionMissing, NotFound) as refusal:
            if _too_long_ago(refusal):
                return _Changes()
        else:
            if sum(len(answer.rows) for answer in answers.values()) < MOST_CAPTURED:
                return _Changes(answers)
        found = {}
        for entity in entities:
            try:
                answer = changed(self._api, self._realm_id, [entity], since)[entity]
            except (BadRequest, PermissionMissing, NotFound):
                continue
            if len(answer.rows) < MOST_CAPTURED:
                found[entity] = answer
        return _Changes(found)

    def _entity(self, entity: str, endpoint: Endpoint, since: datetime | None, told: Answer | None) -> Iterator[Any]:
        announced = self._count(entity) if since is None else None
        state = self._entities.get(entity, {})
        memory, intake = _Memory(state), self._intake(endpoint, state["known"])
        living = IdSet.decode(state["living"]) if "living" in state else IdSet()
        deletable = entity in DELETABLE
        received = 0
        for answer in [told] if told else self._by_time(entity, since):
            gone = {head.id for head in answer.heads if head.status == "Deleted"}
            rows = [row for row, head in zip(answer.rows, answer.heads, strict=True) if head.id not in gone]
            heads = [head for head in answer.heads if head.id not in gone]
            received += len(rows)
            if rows:
                yield from self._noted(intake.take(answer.reply, rows))
            for head in heads:
                memory.note(head.id, head.moment)
                if deletable:
                    living.add(head.id)
            if gone:
                self._bury(entity, answer, gone)
            for key in gone:
                living.discard(key)
            if since is None and self._began:
                memory.forget_before(self._began - OVERLAP)
        if announced is not None and received < announced:
            raise IncompleteRead(
                f"Connection '{self._api.name}': {entity} has {announced} objects, but {received} arrived; "
                "the read is repeated at the next run."
            )
        if since is not None and told is None and deletable:
            self._find_deleted(entity, living)
        yield from intake.finish()
        if deletable:
            state["living"] = living.encode()
        self._found = self._found or since is None
        self._entities[entity] = state

    def _noted(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            self._found = True
            yield item

    def _count(self, entity: str) -> int | None:
        """How many objects the vendor says there are; None where it does not count them."""
        try:
            return self._ask(entity, f"select count(*) from {entity}{_where(entity)}").total
        except BadRequest:
            return None

    def _by_time(self, entity: str, since: datetime | None) -> Iterator[Answer]:
        """Objects by moment of change, each once.

        A page begins at the last moment of the one before it, since positions shift when objects change meanwhile; only where a
        whole page has one moment do positions lead on. What changes while it is read comes again with the next run.
        """
        delivered = IdSet()
        first = f"{since:%Y-%m-%dT%H:%M:%S}Z" if since else ""
        places = [(first, since, 1)]

        def fetch(_request: Request) -> Page[Answer]:
            text, moment, start = places[-1]
            condition = _where(entity, f"Metadata.LastUpdatedTime >= '{text}'" if text else "")
            order = f"orderby Metadata.LastUpdatedTime asc startposition {start} maxresults {PAGE_SIZE}"
            answer = self._ask(entity, f"select * from {entity}{condition} {order}")
            last = answer.heads[-1].moment if answer.heads else None
            if len(answer.rows) < PAGE_SIZE:
                following = None
            elif last is None or (moment is not None and last <= moment):
                following = (text, moment, start + PAGE_SIZE)
            else:
                following = (answer.heads[-1].changed, last, 1)
            if following:
                places.append(following)
            fresh = [number for number, head in enumerate(answer.heads) if not head.id or head.id not in delivered]
            for head in answer.heads:
                delivered.add(head.id)
            once = Answer(answer.reply, [answer.rows[n] for n in fresh], [answer.heads[n] for n in fresh], answer.at)
            onward = Request("GET", "query", {"after": str(following)}) if following else None
            return Page(once, answer.reply, onward, len(once.rows))

        for page in walk(Request("GET", "query", {"after": ""}), fetch):
            yield page.content

    def _find_deleted(self, entity: str, living: IdSet) -> None:
        """List all ids and bury those that are missing; each is asked for once more, since positions shift while they are read."""
        listed, start = IdSet(), 1
        while True:
            order = f"orderby Id asc startposition {start} maxresults {PAGE_SIZE}"
            answer = self._ask(entity, f"select Id from {entity}{_where(entity)} {order}")
            for head in answer.heads:
                listed.add(head.id)
            if len(answer.rows) < PAGE_SIZE:
                break
            start += PAGE_SIZE
        missing = [key for key in living if key not in listed]
        for at in range(0, len(missing), _VERIFIED_AT_ONCE):
            asked = missing[at : at + _VERIFIED_AT_ONCE]
            quoted = ", ".join(f"'{key}'" for key in asked)
            answer = self._ask(entity, f"select Id from {entity}{_where(entity, f'Id in ({quoted})')} maxresults {PAGE_SIZE}")
            gone = set(asked) - {head.id for head in answer.heads}
            stubs = [Head(key=key, meta={"LastUpdatedTime": f"{answer.at.isoformat()}Z"}) for key in sorted(gone)]
            if stubs:
                self._gone.append((answer.reply, [_tombstone(entity, head, "listing") for head in stubs], stubs))
            for key in gone:
                living.discard(key)

    def _bury(self, entity: str, answer: Answer, gone: set[str]) -> None:
        stubs = list({head.id: head for head in answer.heads if head.id in gone and head.status == "Deleted"}.values())
        self._gone.append((answer.reply, [_tombstone(entity, head, "change data capture") for head in stubs], stubs))

    def _deletions(self) -> Iterator[Any]:
        memory = _Memory(self._state.setdefault("deleted", {}))
        intake = self._intake(DELETIONS, memory.known)
        for reply, rows, heads in self._gone:
            yield from self._noted(intake.take(reply, rows))
            for row, head in zip(rows, heads, strict=True):
                memory.note(DELETIONS.identity(msgspec.json.decode(row, type=DELETIONS.document)), head.moment)
        yield from intake.finish()


def whole(api: ApiClient, realm_id: str, entity: str) -> Iterator[Answer]:
    """A small list, page by page."""
    start = 1
    while True:
        answer = query(
            api, realm_id, entity, f"select * from {entity}{_where(entity)} startposition {start} maxresults {PAGE_SIZE}"
        )
        yield answer
        if len(answer.rows) < PAGE_SIZE:
            return
        start += PAGE_SIZE


class _Currency(msgspec.Struct):
    code: str = msgspec.field(name="Code", default="")


def rates(api: ApiClient, realm_id: str, state: State) -> Iterator[Answer]:
    """Rates of the company's foreign currencies, at the ends of the months since the last read; of three years at first."""
    currencies = list(whole(api, realm_id, "CompanyCurrency"))
    codes = sorted({msgspec.json.decode(row, type=_Currency).code for answer in currencies for row in answer.rows} - {""})
    if not codes:
        return
    listed = ", ".join(f"'{code}'" for code in codes)
    today = currencies[0].at.date()
    known = state.get("codes") == codes
    last = date.fromisoformat(state["until"]) if known and "until" in state else None
    for day in _month_ends(today):
        if last is None or day > last:
            condition = f"SourceCurrencyCode in ({listed}) and AsOfDate = '{day}'"
            yield query(api, realm_id, "ExchangeRate", f"select * from ExchangeRate where {condition} maxresults {PAGE_SIZE}")
            state["until"], state["codes"] = day.isoformat(), codes


def _month_ends(today: date) -> list[date]:
    """The last days of the months that have ended, up to three years back."""
    first = today.replace(day=1)
    ends = []
    for _ in range(RATE_MONTHS):
        end = first - timedelta(days=1)
        ends.append(end)
        first = end.replace(day=1)
    return ends[::-1]


def _where(entity: str, condition: str = "") -> str:
    """Conditions of a query; inactive objects come only where they are asked for."""
    conditions = [*(["Active in (true, false)"] if entity in HAVE_ACTIVE else []), *([condition] if condition else [])]
    return f" where {' and '.join(conditions)}" if conditions else ""


def _tombstone(entity: str, head: Head, detected_by: str) -> msgspec.Raw:
    meta: Mapping[str, Any] = head.meta if isinstance(head.meta, dict) else {}
    return msgspec.Raw(msgspec.json.encode({"entity": entity, "Id": head.id, "detected_by": detected_by, "MetaData": meta}))


def _too_long_ago(refusal: Exception) -> bool:
    """Whether change data capture says that it does not look back so far."""
    return "older than" in str(refusal)
