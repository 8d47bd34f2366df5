"""Who is one customer, and that it stays so: records in, ids out, run after run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb
import pyarrow as pa
import pytest

from finance_hub.identity import crosswalk, keeping
from finance_hub.identity.decisions import decide

DAY = date(2026, 6, 30)
COLUMNS = (
    "record_key", "kind", "entity_id", "source_system", "system_role", "connection_id", "native_id", "display_name", "name_key", "given_key",
    "family_key", "email", "domain", "phone_key", "tax_key", "street_key", "postal_key", "employer_key", "refers_to", "record_hash",
)  # fmt: skip
RULES = (
    "kind",
    "decision",
    "left_connection_id",
    "left_record_id",
    "right_connection_id",
    "right_record_id",
    "decided_by",
    "reason",
)


def empty(columns: str) -> pa.Table:
    with duckdb.connect() as connection:
        return connection.execute(columns).to_arrow_table()


def firm(system: str, number: str, name: str, **told: str | bool | None) -> dict[str, object]:
    """A firm as a system has it; ``made`` is the year of its record."""
    role = {"crm": "crm", "tool": "marketing"}.get(system, "books")
    row: dict[str, object] = dict.fromkeys(COLUMNS)
    row |= {
        "kind": "firm",
        "entity_id": "uk",
        "source_system": system,
        "system_role": role,
        "connection_id": system,
        "native_id": number,
    }
    row |= {"display_name": name, "name_key": name, "is_buyer": True if role == "books" else None, "made": "2024", **told}
    return row | {"record_key": f"{row['kind']}|{system}|{number}"}


def table(rows: Iterable[dict[str, object]]) -> pa.Table:
    rows = sorted(rows, key=lambda row: str(row["record_key"]))
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in COLUMNS if name != "record_hash"}
    columns["is_buyer"] = pa.array([row["is_buyer"] for row in rows], pa.bool_())
    columns["created_at"] = pa.array([row["made"] for row in rows], pa.string())
    with duckdb.connect() as connection:
        connection.register("given", pa.table(columns))
        return connection.execute("""
            select * replace (make_timestamp(created_at::integer, 1, 1, 0, 0, 0) as created_at),
                md5(columns_list::varchar) as record_hash
            from (select *, [entity_id, name_key, email, domain, phone_key, tax_key, street_key, postal_key, refers_to] as columns_list from given)
            order by record_key
        """).to_arrow_table()


@dataclass
class Hub:
    """What a hub keeps between runs; ``scored`` is how many pairs the last run scored."""

    models: pa.Table = field(default_factory=lambda: empty(keeping.MODELS))
    pairs: pa.Table = field(default_factory=lambda: empty(keeping.PAIRS))
    crosswalk: pa.Table = field(default_factory=lambda: empty(crosswalk.FORMER))
    scored: int = 0

    def run(
        self, rows: Iterable[dict[str, object]], rules: Sequence[tuple[str, str, str]] = (), *, day: date = DAY
    ) -> dict[str, str]:
        """One run over all records; returns the id that each has now, by its key."""
        records = table(rows)
        self.models = keeping.models(records, self.models, today=day)
        scores, self.scored = keeping.scored(records, self.models, self.pairs, self.crosswalk, today=day)
        ruled = [
            ("firm", decision, *one.split("|"), *other.split("|"), "controller", "has called them")
            for decision, one, other in rules
        ]
        overrides = pa.table({name: pa.array([row[place] for row in ruled], pa.string()) for place, name in enumerate(RULES)})
        overrides = overrides.append_column("decided_on", pa.array([DAY] * len(ruled), pa.date32()))
        self.pairs = decide(records, scores, overrides)
        versions = self.models.filter(self.models.column("is_current")).select(["kind", "version"])
        self.crosswalk = crosswalk.resolve(records, self.pairs, self.crosswalk, versions, today=day)
        return {row["record_key"]: row["customer_id"] for row in self.crosswalk.to_pylist() if row["is_current"]}

    def decisions(self) -> dict[tuple[str, str], str]:
        return {(row["left_key"], row["right_key"]): row["decision"] for row in self.pairs.to_pylist()}

    def closed(self) -> list[tuple[str, str, str, str]]:
        return [
            (row["record_key"], row["customer_id"], row["closed_because"], row["superseded_by"])
            for row in self.crosswalk.to_pylist()
            if not row["is_current"]
        ]


ACME = {"domain": "acme.example", "phone_key": "207946001", "street_key": "1 mill street", "postal_key": "n1 1aa"}
IN_CRM = firm("crm", "1", "acme", **ACME, is_buyer=True, made="2023")
IN_BOOKS = firm("books", "7", "acme", domain="acme.example", tax_key="123456789", street_key="1 mill street", postal_key="n1 1aa")
OTHER = firm("crm", "2", "granite foods", domain="granite.example", phone_key="301555000", made="2022")


def test_a_customer_of_the_books_is_the_firm_of_the_crm_and_the_tool_however_it_is_spelled() -> None:
    hub = Hub()
    spelled = {**IN_BOOKS, "name_key": "acme europe"}
    ids = hub.run([IN_CRM, spelled, OTHER, firm("tool", "9", "acme", **ACME)])
    assert ids["firm|crm|1"] == ids["firm|books|7"] == ids["firm|tool|9"]
    assert ids["firm|crm|2"] != ids["firm|crm|1"]
    assert ids["firm|crm|1"].startswith("cus_")


def test_two_firms_of_one_name_are_two_and_what_could_be_either_waits_for_somebody() -> None:
    twin = firm(
        "crm",
        "3",
        "acme",
        domain="acme.example",
        phone_key="999000111",
        street_key="9 park lane",
        postal_key="g2 2bb",
        is_buyer=True,
    )
    hub = Hub()
    ids = hub.run([IN_CRM, twin, firm("books", "8", "acme")])
    assert len(set(ids.values())) == 3
    found = hub.decisions()
    assert found["firm|crm|1", "firm|crm|3"] == "different"
    assert {found["firm|books|8", "firm|crm|1"], found["firm|books|8", "firm|crm|3"]} == {"ambiguous"}
    # The books' own phone tells which it is.
    ids = hub.run([IN_CRM, twin, firm("books", "8", "acme", phone_key="999000111")])
    assert ids["firm|books|8"] == ids["firm|crm|3"] != ids["firm|crm|1"]


def test_firms_of_two_companies_of_the_group_are_two_customers() -> None:
    ids = Hub().run([IN_CRM, {**IN_BOOKS, "entity_id": "us"}])
    assert len(set(ids.values())) == 2


def test_rulings_win_over_every_score_and_over_what_tools_state() -> None:
    stated = firm("tool", "9", "acme", **ACME, refers_to="firm|crm|1")
    rows = [IN_CRM, IN_BOOKS, OTHER, stated]
    hub = Hub()
    before = hub.run(rows)
    assert before["firm|crm|1"] == before["firm|tool|9"]
    after = hub.run(rows, [("same", "crm|2", "books|7"), ("different", "crm|1", "books|7"), ("different", "crm|1", "tool|9")])
    assert after["firm|crm|2"] == after["firm|books|7"]
    assert after["firm|crm|1"] not in {after["firm|books|7"], after["firm|tool|9"]}, "not even by way of the third"
    assert hub.run(rows) == before, "a ruling that is taken back leaves no trace in the ids that hold"


def test_nothing_new_scores_nothing_and_changes_nothing() -> None:
    hub = Hub()
    rows = [IN_CRM, IN_BOOKS, OTHER]
    hub.run(rows)
    assert hub.scored > 0
    models, pairs, known = hub.models, hub.pairs, hub.crosswalk
    hub.run(rows, day=date(2026, 7, 1))
    assert hub.scored == 0
    assert (hub.models, hub.pairs, hub.crosswalk) == (models, pairs, known)


def test_a_new_record_and_a_changed_one_are_compared_with_all_and_nothing_else_is() -> None:
    rows = [IN_CRM, IN_BOOKS, OTHER]
    hub = Hub()
    before = hub.run(rows)
    added = firm("tool", "9", "acme", **ACME, made="2020")
    after = hub.run([*rows, added])
    assert hub.scored == 2, "with the firm in the CRM and in the books"
    assert after["firm|tool|9"] == before["firm|crm|1"], "an older record joins, the id stays"
    whole = Hub()
    whole.run([*rows, added])
    assert whole.scored == 3
    assert hub.decisions() == whole.decisions()
    renamed = hub.run([IN_CRM, IN_BOOKS, {**OTHER, "name_key": "granite farms"}, added])
    assert hub.scored == 0, "it shares no key with anybody"
    assert renamed == after


def test_a_merge_keeps_the_id_that_was_known_first_and_the_other_names_it() -> None:
    hub = Hub()
    apart = firm("books", "7", "acme holding", tax_key="123456789")
    before = hub.run([OTHER, apart])
    later = hub.run([OTHER, apart, IN_CRM], day=date(2026, 7, 1))
    assert len(set(later.values())) == 3
    # IN_CRM's record is older than that of the books, but its id came later.
    after = hub.run(
        [OTHER, {**apart, "domain": "acme.example", "street_key": "1 mill street", "postal_key": "n1 1aa"}, IN_CRM],
        day=date(2026, 7, 2),
    )
    assert after["firm|crm|1"] == after["firm|books|7"] == before["firm|books|7"]
    assert hub.closed() == [("firm|crm|1", later["firm|crm|1"], "merged", after["firm|crm|1"])]
    periods = [(row["period"], row["valid_from"], row["valid_to"]) for row in hub.crosswalk.to_pylist() if row["native_id"] == "1"]
    assert periods == [(1, date(2026, 7, 1), date(2026, 7, 2)), (2, date(2026, 7, 2), None)]


def test_a_split_leaves_the_id_with_the_record_that_it_came_from() -> None:
    hub = Hub()
    before = hub.run([IN_CRM, IN_BOOKS])
    after = hub.run([IN_CRM, IN_BOOKS], [("different", "crm|1", "books|7")])
    assert after["firm|crm|1"] == before["firm|crm|1"]
    assert hub.closed() == [("firm|books|7", before["firm|books|7"], "moved", after["firm|books|7"])]


def test_a_record_that_is_gone_closes_and_the_customer_stays() -> None:
    hub = Hub()
    before = hub.run([IN_CRM, IN_BOOKS])
    after = hub.run([IN_BOOKS])
    assert after == {"firm|books|7": before["firm|books|7"]}
    assert hub.closed() == [("firm|crm|1", before["firm|crm|1"], "record_gone", None)]
    # It comes back, and is somebody else meanwhile: the id stays where it was.
    back = hub.run([IN_BOOKS, {**OTHER, "record_key": "firm|crm|1", "native_id": "1"}])
    assert back["firm|books|7"] == before["firm|books|7"]
    assert back["firm|crm|1"] != before["firm|crm|1"]
    assert hub.run([IN_BOOKS, {**OTHER, "record_key": "firm|crm|1", "native_id": "1"}]) == back


def test_a_rebuild_from_nothing_gives_the_same_ids() -> None:
    rows = [IN_CRM, IN_BOOKS, OTHER, firm("tool", "9", "acme", **ACME)]
    one, other = Hub(), Hub()
    assert one.run(rows) == other.run(rows)
    assert (one.models, one.pairs, one.crosswalk) == (other.models, other.pairs, other.crosswalk)


@pytest.mark.parametrize("phones", [1200, 600, 0], ids=["each its own", "two share one", "none known"])
def test_a_company_with_its_books_alone_has_no_second_system_to_learn_from(phones: int) -> None:
    """A phone in common makes no one firm of two of one system."""
    hub = Hub()
    known = hub.run(
        firm("books", str(number), f"firm {number:05}", phone_key=f"+44{number % phones:09}" if phones else None)
        for number in range(1200)
    )
    assert len(set(known.values())) == len(known) == 1200


def test_nobody_is_resolved_to_nothing() -> None:
    hub = Hub()
    assert hub.run([]) == {}
    assert hub.models.num_rows == 2
    assert set(hub.models.column("origin").to_pylist()) == {"shipped"}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"email": "ann.lee@acme.example"}, {"email": "ann.lee@acme.example"}, True),
        ({"email": "ann.lee@acme.example", "phone_key": "207946001"}, {"email": "ann.lee@acme.co", "phone_key": "207946001"}, True),
        (
            {"email": "ann.lee@acme.example", "phone_key": "207946001"},
            {"email": "ann.lee2@acme.example", "phone_key": "999000111"},
            False,
        ),
        ({"email": "ann.lee@acme.example"}, {"email": "ann.lee@granite.example"}, False),
    ],
)
def test_a_person_is_known_by_more_than_the_address(one: dict[str, str], other: dict[str, str], is_same: bool) -> None:
    told = {"kind": "person", "name_key": "ann lee", "given_key": "ann", "family_key": "lee", "is_buyer": None}
    rows = [
        {
            **firm(system, "1", "Ann Lee"),
            **told,
            **known,
            "domain": known["email"].split("@")[1],
            "record_key": f"person|{system}|1",
        }
        for system, known in (("crm", one), ("tool", other))
    ]
    ids = Hub().run(rows)
    assert (len(set(ids.values())) == 1) == is_same
    assert all(identity.startswith("per_") for identity in ids.values())
