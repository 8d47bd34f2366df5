"""What of the instance is new: trees as documents, and the cells of every version and fiscal year, compared one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from dlt_sources.adaptive import calendar
from dlt_sources.adaptive.records import ACCOUNTS, AMOUNT, CELLS, DIMENSION_VALUES, DIMENSIONS, LEVELS, PERIODS, VERSIONS
from dlt_sources.adaptive.wire import Answer, Asked, Element, named_values, part, texts
from dlt_sources.assembly import State
from dlt_sources.http import IncompleteRead, SourceError
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.records.known import KnownRows, recall

_COORDINATES = tuple(DIMENSIONS.values())
_BLANK = "B"
_NO_VALUE = pa.array(["Uncategorized", "(Uncategorized)"])
_BETWEEN = " | "
_CODE_OF_EXCEL = r'^="(.*)"$'


class Settings(Protocol):
    """The settings that readers look at."""

    @property
    def wanted_versions(self) -> tuple[str, ...]:
        """Names of versions; none: all that hold plans of their own."""

    @property
    def wanted_years(self) -> tuple[str, ...]:
        """Codes of fiscal years; none: all."""

    @property
    def wanted_roots(self) -> tuple[str, ...]:
        """Codes of accounts that are read with all below them; none: all."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Names in the instance -> the hub's."""

    @property
    def company_depth(self) -> int:
        """How deep the levels lie that are companies; 0: no level is one."""

    @property
    def read_locked(self) -> bool:
        """Whether locked versions are read again."""

    @property
    def check_rows(self) -> bool:
        """Whether an export must have as many rows as it tells."""


@dataclass(frozen=True)
class Version:
    """A version that may be read, and the fiscal years that it spans.

    ``is_own``: it holds plans of its own, which what is computed and what is part of the actuals does not.
    """

    id: str
    name: str
    kind: str
    is_locked: bool
    is_own: bool
    years: Sequence[calendar.Year]


@dataclass
class Session:
    """What the reading of one listing has at hand; ``seen`` is common to all of one run, which sees each tree once."""

    asked: Asked
    archive: Archive
    name: str
    settings: Settings
    seen: dict[str, Answer] = field(default_factory=dict)

    def tree(self, method: str, **include: str) -> Answer:
        """A tree, as it was when this run first asked for it."""
        if method not in self.seen:
            parts = [part("include", include)] if include else []
            self.seen[method] = self.asked.call(method, parts)
        return self.seen[method]

    def accounts(self) -> Answer:
        """All accounts."""
        return self.tree("exportAccounts", attributes="true")

    def levels(self) -> Answer:
        """All levels."""
        return self.tree("exportLevels", displayNameEnabled="true")

    def dimensions(self) -> Answer:
        """All dimensions with their values."""
        return self.tree("exportDimensions", attributes="true", dimensionValues="true", dimensionIDs="true")

    def years(self) -> list[calendar.Year]:
        """The fiscal years, with their months."""
        return calendar.years(self.tree("exportTime").output)

    def versions(self) -> list[tuple[Version, Element]]:
        """All versions, those around others first."""
        years = self.years()
        found = []
        for each in self.tree("exportVersions", rootActuals="true", scenarios="true").output.iter("version"):
            kind, around = each.get("type", "").upper(), each.getparent()
            is_part = kind == "ACTUALS" and around.tag == "version"
            is_own = not is_part and each.get("isVirtual", "false") not in {"true", "1"}
            span = calendar.within(years, *calendar.span_of(each))
            is_locked = each.get("isLocked") in {"true", "1"}
            found.append((Version(each.get("id", ""), each.get("name", ""), kind, is_locked, is_own, span), each))
        return found

    def intake(self, endpoint: Endpoint, known: dict[str, str] | None = None) -> Intake:
        """Takes in the pages of an endpoint."""
        return Intake(endpoint, connection_id=self.name, archive=self.archive, known=known)


def tree(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """All of a tree; what is no longer in it is taken out."""
    answer, nodes = _NODES[endpoint.name](session)
    documents = [msgspec.Raw(msgspec.json.encode(node)) for node in nodes]
    if not documents and endpoint is not DIMENSION_VALUES:
        raise IncompleteRead(
            f"Connection '{session.name}': no {endpoint.name} came; check the user's rights. Nothing was taken out."
        )
    yield from session.intake(endpoint, state.setdefault("known", {})).whole(
        [(answer.reply, documents)], lambda key: tuple(key.split("|"))
    )


def _node(element: Element, **around: object) -> dict[str, object]:
    parent = element.getparent()
    told = {"parentId": parent.get("id")} if parent is not None and parent.tag == element.tag else {}
    values = {
        name: found
        for name, each in (("attributes", "attribute"), ("properties", "property"))
        if (found := named_values(element, name, each)) is not None
    }
    return {**texts(element), **told, **values, **around}


def _version_nodes(session: Session) -> tuple[Answer, list[dict[str, object]]]:
    found = []
    for version, element in session.versions():
        years = version.years
        span = {"firstPeriod": years[0].first, "lastPeriod": years[-1].last, "firstYear": years[0].code} if years else {}
        found.append(_node(element, **span))
    return session.seen["exportVersions"], found


def _account_nodes(session: Session) -> tuple[Answer, list[dict[str, object]]]:
    answer = session.accounts()
    return answer, [_node(each, lineItem=line_item(each, session.settings.columns)) for each in answer.output.iter("account")]


def _level_nodes(session: Session) -> tuple[Answer, list[dict[str, object]]]:
    answer, depth = session.levels(), session.settings.company_depth
    found = []
    for each in answer.output.iter("level"):
        path = [each.get("id"), *(above.get("id") for above in each.iterancestors("level"))][::-1]
        company = {"companyLevelId": path[depth - 1]} if 0 < depth <= len(path) else {}
        found.append(_node(each, depth=len(path), **company))
    return answer, found


def _dimension_nodes(session: Session) -> tuple[Answer, list[dict[str, object]]]:
    answer = session.dimensions()
    found = []
    for dimension in answer.output.iter("dimension"):
        about = {"dimensionId": dimension.get("id"), "dimensionName": dimension.get("name", "")}
        about["column"] = column_of(dimension.get("name", ""), session.settings.columns)
        found += [_node(each, **about) for each in dimension.iter("dimensionValue")]
    return answer, found


def _period_nodes(session: Session) -> tuple[Answer, list[dict[str, object]]]:
    answer = session.tree("exportTime")
    return answer, [_node(each, isLeaf=each.find("period") is None) for each in answer.output.iter("period")]


_NODES: Mapping[str, Callable[[Session], tuple[Answer, list[dict[str, object]]]]] = {
    VERSIONS.name: _version_nodes,
    ACCOUNTS.name: _account_nodes,
    LEVELS.name: _level_nodes,
    DIMENSION_VALUES.name: _dimension_nodes,
    PERIODS.name: _period_nodes,
}


def column_of(name: str, columns: Mapping[str, str]) -> str | None:
    """The column of cells for a dimension, by its name in the instance; None for one that the hub does not know."""
    told = columns.get(name, name)
    return told if told in _COORDINATES else DIMENSIONS.get(told)


def line_item(account: Element, columns: Mapping[str, str]) -> str:
    """What the cells of an account are: the amount that is planned for one of the ledger, otherwise what the account is called.

    An account that is no assumption and yet is not shown in a currency is a metric.
    """
    name, code = account.get("name", ""), account.get("code", "")
    told = columns.get(name) or columns.get(code)
    is_ledger = account.get("isAssumption", "0") in {"0", "false"} and account.get("displayAs", "CURRENCY").upper() == "CURRENCY"
    return told or (AMOUNT if is_ledger else name)


def cells(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """The cells of all versions: what is new or changed, and what is no longer there."""
    lost = f"Connection '{session.name}': what is known of its cells"
    known = KnownRows(recall(session.archive, state, lost=lost), every_key=True)
    intake, way, settled = session.intake(endpoint), _way(session.settings), {}
    for version in chosen(session):
        if version.is_locked:
            settled[version.id] = way
            if not session.settings.read_locked and state.get("locked", {}).get(version.id) == way:
                known.list_live(_keys_of(known, version))
                continue
        for year in version.years:
            answer = export(session, version, year)
            if answer is not None:
                yield from intake.take_arrow(answer.reply, tidy(session, version, answer), known)
    nothing_left = (
        f"Connection '{session.name}': none of the {known.count:,} known cells is left. Check versions, years, account_roots and the "
        "user's rights; if the plans were moved, read the connection anew under another name."
    )
    yield from intake.settle(known, state, nothing_left=nothing_left)
    state["locked"] = settled


def _way(settings: Settings) -> str:
    """What tells one way of reading from another."""
    way = [settings.wanted_years, settings.wanted_roots, sorted(settings.columns.items())]
    return hashlib.sha256(msgspec.json.encode(way)).hexdigest()[:16]


def _keys_of(known: KnownRows, version: Version) -> pa.Array:
    rows = known.remembered.filter(pc.invert(known.remembered["deleted"]))
    keys = rows["key"].combine_chunks()
    return keys.filter(pc.starts_with(keys, f"{version.id}{_BETWEEN}"))


def chosen(session: Session) -> list[Version]:
    """The versions to read, in their order. Raises :class:`SourceError` that names one that is not there."""
    found = [version for version, _ in session.versions()]
    wanted = session.settings.wanted_versions
    if not wanted:
        return [version for version in found if version.is_own and version.years]
    by_name = {version.name: version for version in found}
    for name in wanted:
        if name not in by_name:
            raise SourceError(
                f"Connection '{session.name}': the instance has no version '{name}', or the user may not see it; it has {', '.join(by_name)}."
            )
    return [by_name[name] for name in wanted]


def roots(session: Session, version: Version) -> list[Element]:
    """The accounts to ask for, each with all below it. Of actuals the drivers alone are read: what happened is in the books.

    Raises :class:`SourceError` that names one that is not there.
    """
    every = list(session.accounts().output.iter("account"))
    wanted = session.settings.wanted_roots
    for code in wanted:
        if code not in {each.get("code") for each in every}:
            raise SourceError(
                f"Connection '{session.name}': the instance has no account with the code '{code}', or the user may not see it."
            )
    if wanted:
        found = [each for each in every if each.get("code") in wanted]
    else:
        found = [each for root in every if root.getparent().tag != "account" for each in _coded(root)]
    if version.kind == "ACTUALS":
        found = [
            each for each in found if any(line_item(below, session.settings.columns) != AMOUNT for below in each.iter("account"))
        ]
    return found


def _coded(account: Element) -> list[Element]:
    """The account, or those below it where it has no code by which it could be asked for."""
    return [account] if account.get("code") else [each for below in account.iterfind("account") for each in _coded(below)]


def export(session: Session, version: Version, year: calendar.Year) -> Answer | None:
    """What a version holds of a fiscal year; None where there is nothing to ask for."""
    if session.settings.wanted_years and year.code not in session.settings.wanted_years:
        return None
    accounts = [
        part(
            "account", {"code": each.get("code", ""), "isAssumption": _flag(each.get("isAssumption")), "includeDescendants": "true"}
        )
        for each in roots(session, version)
    ]
    if not accounts:
        return None
    dimensions = [each.get("name", "") for each in session.dimensions().output.iter("dimension")]
    known = [part("dimension", {"name": name}) for name in dimensions if column_of(name, session.settings.columns)]
    form = {"useInternalCodes": "true", "includeUnmappedItems": "false", "includeCodes": "true", "includeNames": "true"}
    rules = {"includeZeroRows": "false", "includeRollupAccounts": "false", "includeRollupLevels": "false"}
    rules |= {"markInvalidValues": "false", "markBlanks": "true", "timeRollups": "false"}
    filters = [part("accounts", {}, accounts), part("timeSpan", {"start": year.first, "end": year.last})]
    parts = [
        part("version", {"name": version.name, "isDefault": "false"}),
        part("format", form),
        part("filters", {}, filters),
        *([part("dimensions", {}, known)] if known else []),
        part("rules", rules, [part("currency", {"useLocal": "true"})]),
    ]
    return session.asked.call("exportData", parts, about=f"{version.name}, {year.code}", stream=True)


def _flag(told: str | None) -> str:
    return "true" if told in {"1", "true"} else "false"


def tidy(session: Session, version: Version, answer: Answer) -> pa.RecordBatch:
    """The cells of an export that are not blank, one row each, as columns of text.

    Raises :class:`IncompleteRead` where rows are missing or a line is cut.
    """
    table = _text(answer, check=session.settings.check_rows)
    places = {name: _place(table, answer, session, name) for name in ("Account", "Level")}
    around = {
        "account": places["Account"].ids,
        "level": places["Level"].ids,
        "code": _codes(table),
        "item": places["Account"].items,
    }
    for name in (each for each in table.column_names if each.endswith((" Name", " Code"))):
        ours = column_of(name.rpartition(" ")[0], session.settings.columns)
        if ours is not None:
            values = table[name].combine_chunks()
            around[ours] = pc.if_else(pc.is_in(values, _NO_VALUE), "", values)
    parts = []
    for period in (each for each in table.column_names if not each.endswith((" Name", " Code"))):
        is_there = pc.and_(pc.not_equal(table[period], _BLANK), pc.not_equal(table[period], "")).combine_chunks()
        values, given = (
            table[period].combine_chunks().filter(is_there),
            {key: column.filter(is_there) for key, column in around.items()},
        )
        count = len(values)
        same = {"version": pa.repeat(pa.scalar(version.id), count), "period": pa.repeat(pa.scalar(period), count)}
        empty = pa.repeat(pa.scalar(""), count)
        coordinates = [given.get(key, empty) for key in _COORDINATES]
        parts.append(
            pa.table(
                {
                    "cell_id": pc.binary_join_element_wise(
                        same["version"], given["account"], given["level"], *coordinates, same["period"], _BETWEEN
                    ),
                    "version_id": same["version"],
                    "account_id": given["account"],
                    "level_id": given["level"],
                    "account_code": given["code"],
                    "line_item": given["item"],
                    **{
                        key: pc.if_else(pc.equal(column, ""), None, column)
                        for key, column in zip(_COORDINATES, coordinates, strict=True)
                    },
                    "period": same["period"],
                    "value": values,
                    "amount": values,
                }
            )
        )
    names = (
        "cell_id",
        "version_id",
        "account_id",
        "level_id",
        "account_code",
        "line_item",
        *_COORDINATES,
        "period",
        "value",
        "amount",
    )
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    batches = pa.concat_tables([schema.empty_table(), *parts]).combine_chunks().to_batches(max_chunksize=None)
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


@dataclass(frozen=True)
class _Places:
    ids: pa.Array
    items: pa.Array


def _place(table: pa.Table, answer: Answer, session: Session, kind: str) -> _Places:
    """Ids of the accounts or levels of the rows, which are told by code or, in old versions of the API, by name."""
    elements = list((session.accounts() if kind == "Account" else session.levels()).output.iter(kind.lower()))
    ids = pa.array([each.get("id", "") for each in elements], pa.string())
    found = pa.nulls(table.num_rows, pa.int32())
    for attributes in (("code", "name"), ("code",), ("name",)):
        columns = [f"{kind} {attribute.title()}" for attribute in attributes]
        if set(columns) <= set(table.column_names):
            told = [_plain(table[column]) for column in columns]
            known = [pa.array([each.get(attribute, "") for each in elements], pa.string()) for attribute in attributes]
            at = pc.index_in(pc.binary_join_element_wise(*told, _BETWEEN), pc.binary_join_element_wise(*known, _BETWEEN))
            found = pc.coalesce(found, at)
    if found.null_count:
        missing = table.slice(pc.indices_nonzero(found.is_null())[0].as_py(), 1).to_pylist()[0]
        about = " ".join(f"{name} '{missing[name]}'" for name in (f"{kind} Code", f"{kind} Name") if name in missing)
        raise IncompleteRead(
            f"{answer.reply.request}: {about} is not among the {kind.lower()}s that were listed before; it is read again at the next run."
        )
    items = pa.array([line_item(each, session.settings.columns) if kind == "Account" else "" for each in elements], pa.string())
    return _Places(ids.take(found), items.take(found))


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Codes without what old versions of the API put around them for Excel."""
    return pc.replace_substring_regex(column.combine_chunks(), _CODE_OF_EXCEL, r"\1")


def _codes(table: pa.Table) -> pa.Array:
    return _plain(table["Account Code"]) if "Account Code" in table.column_names else pa.nulls(table.num_rows, pa.string())


def _text(answer: Answer, *, check: bool) -> pa.Table:
    shown = answer.reply.request
    text = (answer.output.text or "").lstrip("\n").encode()
    header = arrow_csv.ReadOptions(block_size=max(1 << 20, len(text) + 1))
    try:
        names = arrow_csv.open_csv(pa.BufferReader(text), header, arrow_csv.ParseOptions(newlines_in_values=True)).schema.names
        table = arrow_csv.read_csv(
            pa.BufferReader(text),
            header,
            arrow_csv.ParseOptions(newlines_in_values=True),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False),
        )
    except pa.ArrowException as trouble:
        raise IncompleteRead(
            f"{shown}: the export is not a whole table ({type(trouble).__name__}); it is read again at the next run."
        ) from None
    if not {"Account Name", "Account Code"} & set(names) or not {"Level Name", "Level Code"} & set(names):
        raise IncompleteRead(f"{shown}: the export has no columns of accounts and levels; it is read again at the next run.")
    if check and answer.rows != table.num_rows:
        sent = "did not tell how many rows it has" if answer.rows is None else f"told of {answer.rows:,} rows"
        raise IncompleteRead(f"{shown}: the export {sent}, and {table.num_rows:,} arrived; it is read again at the next run.")
    return table


READERS = {CELLS.name: cells}
"""How each listing is read; trees as they are."""
