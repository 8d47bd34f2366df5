"""Exchange rates: the emulator in the service's form, the source to the last digit and only what is new."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from finance_hub import ingestion, settings, warehouse
from sandbox.server import RunningSandbox, Shown
from tests.conftest import connect


@pytest.fixture
def service(group: RunningSandbox) -> str:
    return f"{group.url}/ecb/service/data/EXR"


def test_rates_are_told_by_currency_and_day_as_csv(service: str) -> None:
    answer = httpx.get(
        f"{service}/D.USD+GBP.EUR.SP00.A", params={"startPeriod": "2026-06-26", "endPeriod": "2026-06-29", "format": "csvdata"}
    )
    lines = answer.text.splitlines()
    assert lines[0].startswith("KEY,FREQ,CURRENCY,")
    assert [line.split(",")[2] + line.split(",")[6] for line in lines[1:]] == [
        "GBP2026-06-26",
        "GBP2026-06-29",
        "USD2026-06-26",
        "USD2026-06-29",
    ]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("D.USD.EUR.SP00.A", {"startPeriod": "2030-01-01", "format": "csvdata"}, 404),
        ("M.USD.EUR.SP00.A", {"format": "csvdata"}, 400),
        ("D.USD.EUR.SP00.A", {"startPeriod": "yesterday", "format": "csvdata"}, 400),
        ("D.USD.EUR.SP00.A", {}, 406),
    ],
)
def test_what_the_service_cannot_answer_is_told(service: str, path: str, params: dict[str, str], status: int) -> None:
    assert httpx.get(f"{service}/{path}", params=params).status_code == status


def test_the_source_loads_every_rate_exactly_and_then_only_new_ones(meridian: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        found = settings.load(connect(tmp_path, running.url, only=("ecb",)))
        warehouse.prepare(found)
        counts = []
        for days in (0, 0, 7):
            httpx.post(f"{running.url}/_sandbox/advance", json={"days": days})
            counts.append(ingestion.load(found, ingestion.extract(found, found.connections["rates"])).total)
    with warehouse.reading(found.warehouse) as database:
        database.execute(f"attach '{meridian}' as meridian (read_only)")
        differing = database.execute("""
            select * from ecb.exchange_rates l full join (
                from meridian.company.fx_rate where rate_date >= date '2018-01-01' and currency <> 'CAD' and published_at <= timestamp '2026-07-07 23:59:59'
            ) t using (currency, rate_date) where l.units_per_eur is distinct from t.units_per_eur
        """).fetchall()

    assert differing == []
    assert counts[0] > 1000
    assert counts[1] == 0
    assert 9 <= counts[2] <= 18


def test_a_currency_that_is_not_published_is_told_by_the_check(group: RunningSandbox, tmp_path: Path) -> None:
    home = connect(tmp_path, group.url, only=("ecb",))
    (home / "hub.toml").write_text((home / "hub.toml").read_text().replace("USD,GBP,JPY", "USD,XXX"))
    findings = ingestion.check(settings.load(home), "rates")
    assert [(finding.subject, finding.ok) for finding in findings] == [("USD", True), ("XXX", False)]


def test_wrong_settings_are_told_in_plain_words(group: RunningSandbox, tmp_path: Path) -> None:
    home = connect(tmp_path, group.url, only=("ecb",))
    (home / "hub.toml").write_text((home / "hub.toml").read_text().replace("USD,GBP,JPY", "dollars"))
    with pytest.raises(settings.SettingsError, match="three-letter codes"):
        settings.load(home)
