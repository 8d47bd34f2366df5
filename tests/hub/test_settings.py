from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from finance_hub.settings import SettingsError, load

GOOD = """
reporting_currency = "USD"
as_of_date = "2026-06-30"
[connections.uk_books]
system = "xero"
entity = "Meridian UK Ltd"
client_id = "id"
"""
SECRET = {"FINANCE_HUB_CONNECTIONS__UK_BOOKS__CLIENT_SECRET": "from-the-environment"}


def write(home: Path, text: str) -> Path:
    (home / "hub.toml").write_text(text)
    return home


def test_settings_come_from_file_secrets_and_environment(tmp_path: Path) -> None:
    found = load(write(tmp_path, GOOD), SECRET)
    connection = found.connections["uk_books"]
    assert found.as_of_date == date(2026, 6, 30)
    assert connection.entity_id == "meridian_uk_ltd"
    assert connection.keys.client_secret == "from-the-environment"
    assert "from-the-environment" not in repr(found)
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[connections.uk_books]\nclient_secret = "from-the-file"\n')
    secrets.chmod(0o600)
    assert load(tmp_path, {}).connections["uk_books"].keys.client_secret == "from-the-file"


def test_a_secrets_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "secrets.toml").write_text("")
    (tmp_path / "secrets.toml").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load(tmp_path, SECRET)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("USD", "dollars"), "'reporting_currency' must be a three-letter code"),
        (("2026-06-30", "June"), "'as_of_date' must be a date"),
        (('system = "xero"', 'system = "zero"'), r"'connections.uk_books.system' must be one of xero"),
        (('entity = "Meridian UK Ltd"', ""), "'connections.uk_books.entity' must be the name"),
        (("client_id", "client_idd"), r"'connections.uk_books'.*client_idd"),
        (('client_id = "id"', 'client_id = "id"\nbase_url = "http://api.example.com"'), r"base_url'.*use https"),
        (("reporting_currency", "reporting_curency"), "'reporting_curency' is not a setting"),
        (("[connections.uk_books]", "[connections.UK-Books]"), "lower case letters"),
        (('entity = "', "entity = "), "is not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as raised:
        load(write(tmp_path, GOOD.replace(*change)), SECRET)
    assert "hub.toml" in str(raised.value)


def test_a_missing_secret_tells_where_to_set_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"client_secret.*FINANCE_HUB_CONNECTIONS__UK_BOOKS__"):
        load(write(tmp_path, GOOD), {})
