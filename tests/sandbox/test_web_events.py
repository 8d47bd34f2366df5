"""Events of sites: the export's files on the wire, and the hub's source that reads them from a server or a folder."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import zstandard

from finance_hub import settings
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.web_events import write_export
from sandbox.vendors.web_events.store import EventStore
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.hub import Hub, let_pass

TOKEN = {"Authorization": "Bearer sandbox-web-events-token"}
SITES = ("bf", "de", "jp", "uk", "us")


@pytest.fixture(scope="module", autouse=True)
def quick_retries() -> Iterator[None]:
    """Faults are retried at once: how long to wait is tested with the client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlt_sources.http.policy.Policy.backoff", lambda _policy, _attempt: 0.01)
        yield


@pytest.fixture(scope="module")
def served(meridian: Path) -> Iterator[RunningSandbox]:
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset({"web_events"}))) as running:
        yield running


def event(key: str, **more: object) -> str:
    return json.dumps({"messageId": key, "type": "page", "anonymousId": "a", "timestamp": "2026-01-01T08:00:00.000Z", **more})


def hub_of(home: Path, path: Path) -> Hub:
    """A hub that reads a folder."""
    return Hub(home, toml=f'[connections.site]\nsystem = "web_events"\nentity = "Site"\npath = "{path}"\n')


def test_a_folder_is_listed_as_json_and_its_files_are_packed_as_they_are_named(served: RunningSandbox) -> None:
    unpack = {"gz": gzip.decompress, "zst": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed)}
    for site in SITES:
        listing = httpx.get(f"{served.url}/web_events/{site}/", headers=TOKEN).json()
        newest = listing[-1]
        assert newest.keys() == {"name", "type", "mtime", "size"}
        content = httpx.get(f"{served.url}/web_events/{site}/{newest['name']}", headers=TOKEN).content
        assert len(content) == newest["size"]
        plain = unpack.get(newest["name"].rpartition(".")[2], bytes)(content)
        lines = plain.decode().splitlines()
        assert lines[0].startswith("message_id,") if "csv" in newest["name"] else json.loads(lines[0])["messageId"]
    assert httpx.get(f"{served.url}/web_events/us/").status_code == 401
    assert httpx.get(f"{served.url}/web_events/us/no.ndjson.gz", headers=TOKEN).status_code == 404


def test_every_event_arrives_once_whatever_its_file_is_packed_in(served: RunningSandbox, meridian: Path, tmp_path: Path) -> None:
    hub = Hub(tmp_path, served.url, {"web_events"})
    hub.load()
    sent = EventStore(meridian)._read(
        "select site, count(distinct message_id), count(*) from delivered where received_at <= timestamp '2026-06-30 23:59:59' group by site order by site"
    )
    told = hub.query("select connection_id[12:], count(*) from web_events.events group by all order by all")
    assert told == [row[:2] for row in sent]
    assert all(row[2] > row[1] for row in sent), "some are delivered twice"
    assert hub.query("select * from web_events.extraction where undeclared_fields <> '' or documents_quarantined > 0") == []
    lost = "select count(*) from web_events.events where (utm_campaign is not null) <> (url like '%utm_campaign=%')"
    assert hub.query(lost) == [(0,)]
    hub.calls()
    assert hub.load("web_events_bf", "web_events_us") == {}
    assert len(hub.calls()) == 2, "the lists alone are read"


def test_what_is_added_to_a_file_is_read_alone_and_the_table_is_that_of_a_full_load(meridian: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset({"web_events"}))) as running:
        hub = Hub(tmp_path / "hub", running.url, {"web_events"})
        hub.load("web_events_bf")
        for days in (9, 3):
            let_pass(running.url, days)
            hub.calls()
            assert 0 < hub.load("web_events_bf")["events"] < 60
            assert len(hub.calls()) == 2, "the list and the newest file"
        fresh = Hub(tmp_path / "fresh", running.url, {"web_events"})
        fresh.load("web_events_bf")
        assert hub.told("web_events", "events") == fresh.told("web_events", "events")


def test_a_folder_on_this_machine_tells_what_the_server_tells(served: RunningSandbox, meridian: Path, tmp_path: Path) -> None:
    write_export(meridian, "uk", tmp_path / "export", VirtualClock(datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)))
    local, remote = hub_of(tmp_path / "local", tmp_path / "export"), Hub(tmp_path / "remote", served.url, {"web_events"})
    local.load()
    remote.load("web_events_uk")
    events = "select * exclude (connection_id, _dlt_load_id, _page_id) from web_events.events order by all"
    assert local.query(events) == remote.query(events)


def test_lines_that_fit_nothing_are_set_aside_and_a_line_without_its_end_is_read_when_it_is_done(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    half = event("3", event="Signed up")
    (folder / "a.ndjson").write_text("\n".join([event("1"), "not json", event("2", timestamp="yesterday"), half[:40]]))
    hub = hub_of(tmp_path / "hub", folder)
    assert hub.load() == {"events": 1}
    assert hub.query("select count(*) from web_events.quarantine") == [(3,)]
    (folder / "a.ndjson").write_text("\n".join([event("1"), "not json", event("2", timestamp="yesterday"), half, event("4"), ""]))
    assert hub.load() == {"events": 2}
    assert hub.query("select message_id from web_events.events order by all") == [("1",), ("3",), ("4",)]
    (folder / "a.ndjson").write_text(event("5") + "\n")  # another file under the same name is read whole
    assert hub.load() == {"events": 1}


def test_a_file_that_is_cut_off_is_a_loud_failure_and_nothing_is_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "a.ndjson").write_text(event("1") + "\n")
    (folder / "b.ndjson.gz").write_bytes(gzip.compress(event("2").encode())[:-9])
    hub = hub_of(tmp_path / "hub", folder)
    with pytest.raises(Exception, match=r"b\.ndjson\.gz in .* is no whole gzip file"):
        hub.load()
    (folder / "b.ndjson.gz").unlink()
    (folder / "b.ndjson.zst").write_bytes(zstandard.ZstdCompressor().compress(event("2").encode())[:-3])
    with pytest.raises(Exception, match="is no whole zstd file"):
        hub.load()
    (folder / "b.ndjson.zst").unlink()
    (folder / "c.csv").write_text("id,timestamp\n1,2026-01-01\n")
    with pytest.raises(Exception, match=r"c\.csv lacks the column 'message_id'"):
        hub.load()
    assert hub.query("select count(*) from web_events.events") == [(0,)]


@pytest.mark.parametrize(
    "kind",
    [
        "empty_200",
        *(
            pytest.param(kind, marks=pytest.mark.heavy)
            for kind in (
                "short_length",
                "truncated_gzip",
                "bad_json",
                "throttle",
                "server_error",
                "unavailable",
                "gateway_html",
                "reset",
            )
        ),
    ],
)
def test_a_fault_of_the_server_gives_the_right_rows(kind: str, served: RunningSandbox, tmp_path: Path) -> None:
    hub = Hub(tmp_path, served.url, {"web_events"})
    order = {"vendor": "web_events", "path": "*/jp/*.ndjson", "kind": kind, "after": 3, "times": 1, "retry_after": 0}
    httpx.post(f"{served.url}/_sandbox/faults", json=order)
    hub.load("web_events_jp")
    found = hub.query("select count(*), count(distinct file_name) from web_events.events")
    assert found[0][1] == 36
    assert found[0][0] > 2000


def test_a_check_says_what_is_wrong_in_plain_words(served: RunningSandbox, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", served.url, {"web_events"})
    assert [finding.ok for finding in hub.check("web_events_us")] == [True, True]
    toml = hub.home / "hub.toml"
    toml.write_text(toml.read_text().replace("sandbox-web-events-token", "stranger"))
    (refused,) = hub.check("web_events_us")
    assert not refused.ok
    assert "does not accept the credentials" in refused.message
    assert "stranger" not in refused.message
    (missing,) = hub_of(tmp_path / "local", tmp_path / "nowhere").check("site")
    assert "is not there" in missing.message
    (tmp_path / "empty").mkdir()
    (empty,) = hub_of(tmp_path / "local", tmp_path / "empty").check("site")
    assert "there is no file of events" in empty.message


@pytest.mark.parametrize("keys", ["", 'path = "a"\nbase_url = "http://127.0.0.1:1"'])
def test_a_connection_has_either_a_path_or_an_address(keys: str, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(f'[connections.site]\nsystem = "web_events"\nentity = "Site"\n{keys}\n')
    with pytest.raises(settings.SettingsError, match="set path"):
        settings.load(tmp_path)
