"""A small group that plans in Anaplan, and a hub that reads its model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sandbox.vendors.anaplan.access import PASSWORD, USERNAME
from sandbox.vendors.anaplan.tenant import MODEL_ID, WORKSPACE_ID
from tests.sandbox.hub import SystemHub
from tests.sandbox.planning_group import write_group

HORIZON = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
NAME = "anaplan_group"
TABLES = ("models", "versions", "list_items", "cells")
ROOT = f"/workspaces/{WORKSPACE_ID}/models/{MODEL_ID}"


write_firm = partial(
    write_group,
    system="anaplan",
    parent=("de", "Müller & Söhne GmbH", "EUR"),
    child=("jp", "日本 KK", "JPY"),
    elsewhere="us",
    wages='Wages, "gross"',
)


class AnaplanHub(SystemHub):
    """A hub that reads one Anaplan model."""

    SYSTEM, TABLES = "anaplan", TABLES


def token(url: str) -> str:
    """The value of a new token."""
    answer = httpx.post(f"{url}/anaplan/token/authenticate", auth=(USERNAME, PASSWORD))
    return str(answer.json()["tokenInfo"]["tokenValue"])


def called(url: str) -> httpx.Client:
    """A client with a token of its own."""
    return httpx.Client(base_url=f"{url}/anaplan/2/0", headers={"Authorization": f"AnaplanAuthToken {token(url)}"}, timeout=30)


def certificate() -> tuple[str, rsa.RSAPrivateKey]:
    """A certificate as PEM, and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, start + timedelta(days=365))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(), key
