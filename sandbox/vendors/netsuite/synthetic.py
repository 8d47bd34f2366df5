"""A ledger of any size, for measuring: transactions of four lines each, whose sums are known in advance."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sandbox.vendors.netsuite.access import ACCOUNT, CERTIFICATE_ID, CLIENT_ID, Access, new_key
from sandbox.vendors.netsuite.app import NAME, NetSuiteApi
from sandbox.vendors.wire import Vendor, VirtualClock

LINES_EACH = 4
_TABLES = """
create table accountingbook as select 1 as id, 'Primary Accounting Book' as name, 'T' as isprimary;
create table account as
select 100 + i as id, (1000 + 10 * i)::varchar as acctnumber, 'Account ' || i as fullname, case when i < 20 then 'Bank' else 'Expense' end as accttype, 'F' as isinactive from range(40) t (i);
create table "transaction" as
select i + 1 as id, 'JE-' || i as tranid, 'JOURNAL' || i as transactionnumber, 'Journal #JE-' || i as trandisplayname, 'Journal' as type, 'GENJRNL' as abbrevtype, 'journalentry' as recordtype, null::varchar as externalid,
    null::bigint as entity, null::bigint as employee, date '2024-01-01' + (i * 731 // $transactions)::integer as trandate, null::date as duedate, null::date as closedate,
    timestamp '2024-01-01 09:00:00' + to_minutes(i) as createddate, 7 as createdby, timestamp '2024-01-01 09:00:00' + to_minutes(i) as lastmodifieddate, 7 as lastmodifiedby, 400 + (i * 24 // $transactions) as postingperiod,
    'T' as posting, 'B' as status, 1 as currency, 1::decimal(18, 8) as exchangerate, null::decimal(20, 4) as foreigntotal, null::decimal(20, 4) as foreignamountpaid, null::decimal(20, 4) as foreignamountunpaid,
    'Journal ' || i as memo, null::varchar as otherrefnum, 'Standard' as journaltype, 'F' as isreversal, null::bigint as reversal, null::date as reversaldate, 'F' as reversaldefer, 'F' as intercoadj, 'F' as voided, 'F' as void
from range($transactions) t (i);
-- The first three lines of each transaction debit, the fourth credits their sum; amounts have none, one or two decimals.
create table transactionaccountingline as
with lines as (
    select i // 4 + 1 as "transaction", i % 4 as transactionline, case when i % 4 < 3 then (i % 9973 + 1) / 100.0 else -((i - 3) % 9973 + (i - 2) % 9973 + (i - 1) % 9973 + 3) / 100.0 end::decimal(20, 4) as amount, i from range($lines) t (i)
)
select "transaction", transactionline, 1 as accountingbook, 100 + i % 40 as account, amount, case when amount > 0 then amount end as debit, case when amount < 0 then -amount end as credit, amount as netamount,
    null::decimal(20, 4) as amountlinked, case when transactionline = 0 then 0 end::decimal(20, 4) as amountpaid, case when transactionline = 0 then amount end as amountunpaid, null::decimal(20, 4) as paymentamountused,
    null::decimal(20, 4) as paymentamountunused, 1::decimal(18, 8) as exchangerate, 'T' as posting, timestamp '2024-01-01 09:00:00' + to_minutes("transaction" - 1) as lastmodifieddate
from lines order by 1, 2;
create table transactionline as
select "transaction", transactionline as id, "transaction" * 10 + transactionline as uniquekey, transactionline as linesequencenumber, lastmodifieddate as linelastmodifieddate, 'F' as mainline, 'F' as taxline, 'F' as iscogs,
    'F' as isclosed, 'F' as cleared, 'F' as eliminate, null::bigint as item, "transaction" % 500 as entity, 1 as subsidiary, 1 + transactionline as department, case when transactionline = 1 then 7 end as class,
    1 as location, 'Line of a journal that somebody wrote' as memo, null::decimal(20, 4) as quantity, amount as netamount, amount as foreignamount
from transactionaccountingline order by 1, 2;
"""


class _File:
    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database

    def cursor(self) -> duckdb.DuckDBPyConnection:
        return self._database.cursor()


def vendor_of_ledger(lines: int, folder: Path, clock: VirtualClock) -> Vendor:
    """An emulator with a ledger of ``lines`` accounting lines (a multiple of four), kept in a file in ``folder``."""
    if lines % LINES_EACH:
        raise ValueError(f"lines must be a multiple of {LINES_EACH}.")
    database = duckdb.connect(str(folder / "netsuite_ledger.duckdb"))
    database.execute("set threads = 2; set memory_limit = '1GB'")
    for statement in _TABLES.split(";\n"):
        text = statement.replace("$transactions", str(lines // LINES_EACH)).replace("$lines", str(lines))
        database.execute(text)
    private_key, public_key = new_key()
    api = NetSuiteApi(_File(database), clock, Access(clock.now, {CERTIFICATE_ID: public_key}), limits=False)
    keys = {
        "system": NAME,
        "entity": "Synthetic Ledger",
        "account_id": ACCOUNT,
        "client_id": CLIENT_ID,
        "certificate_id": CERTIFICATE_ID,
    }
    keys |= {"private_key": private_key.replace("\n", "\\n"), "base_url": f"{{url}}/{NAME}"}
    return Vendor(NAME, api.app(), lambda _horizon: None, api.error, {"netsuite_ledger": keys})
