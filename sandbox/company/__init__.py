"""Meridian Group, a simulated company whose truth is known.

People see campaigns, become leads, opportunities and customers; customers subscribe, renew or leave; invoices, payments, payroll,
bills and journals follow from what happened, and every ledger balances. ``schema.sql`` says what is recorded, the chapters
beside it how it comes about. Everything is set-based SQL in DuckDB; chance is a hash of seed, topic and key, so that a seed gives
the same company on every machine, whatever the number of threads, and a new topic changes none of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from sandbox.database import in_memory

VERSION = "1"
SCHEMA = files(__name__).joinpath("schema.sql").read_text(encoding="utf-8")
HISTORY_MONTHS = 36

# In order: each chapter builds on those before it. (file, what a person waiting for it reads)
_CHAPTERS = (
    ("world", "the group and its rules"),
    ("rates", "exchange rates"),
    ("campaigns", "campaigns and what they cost"),
    ("market", "people and what they saw"),
    ("sales", "leads and opportunities"),
    ("customers", "customers and subscriptions"),
    ("staff", "people at work"),
    ("invoices", "invoices and credit notes"),
    ("bills", "bills and inter-company charges"),
    ("payments", "payments and bank transactions"),
    ("ledger", "journals"),
    ("plans", "budgets and targets"),
    ("truth", "the truth"),
)


def simulate(
    path: Path,
    *,
    seed: int = 7,
    scale: float = 1.0,
    as_of: date,
    horizon_days: int = 60,
    flaws: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> None:
    """Write the company's records up to ``as_of``, and ``horizon_days`` beyond it, into a new DuckDB file at ``path``.

    ``scale`` multiplies customers, people and documents; 1 is about 60,000 journal lines. ``flaws`` False makes a company in which
    nothing goes wrong: no document is voided, entered twice or late, no name misspelled. ``progress`` is told what is being made and
    which share of the work is done. The file appears whole or not at all.
    """
    if scale <= 0 or horizon_days < 0:
        raise ValueError("scale must be above 0 and horizon_days not below it.")
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    first = _months_before(as_of, HISTORY_MONTHS - 1)
    with in_memory() as company:
        # Attached under a name of our own: a file called company.duckdb would clash with the schema of that name.
        company.execute("attach '{}' as meridian; use meridian".format(str(partial).replace("'", "''")))
        company.execute("set preserve_insertion_order = false")
        company.execute(SCHEMA)
        company.execute(
            "insert into company.parameter values (?, ?, ?, ?, ?, ?)", [seed, scale, as_of, horizon_days, first, VERSION]
        )
        for name, value in {
            "seed": seed,
            "scale": float(scale),
            "flaws": flaws,
            "as_of": as_of,
            "first_date": first,
            "last_date": as_of + timedelta(days=horizon_days),
        }.items():
            company.execute(f"set variable {name} = ?", [value])
        for number, (chapter, title) in enumerate(_CHAPTERS):
            if progress is not None:
                progress(title, number / len(_CHAPTERS))
            company.execute(files(__name__).joinpath(f"{chapter}.sql").read_text(encoding="utf-8"))
        company.execute("use memory; detach meridian")
    partial.replace(path)
    if progress is not None:
        progress("done", 1.0)


def _months_before(day: date, months: int) -> date:
    """The first day of the month ``months`` before that of ``day``."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


__all__ = ["SCHEMA", "simulate"]
