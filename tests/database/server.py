"""A PostgreSQL server of the tests' own, with TLS, and a home-grown ERP in it that holds the simulated company's books."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

JAR = Path("/usr/share/java/postgresql.jar")
PASSWORDS = {"leser": "p;w}d% {ä'1", "schreiber": "writer-secret-1"}
ENTITY = "de"
AS_OF = "2026-06-30 23:59:59"


def missing() -> str:
    """What of the Debian packages is not installed; empty if all is there."""
    drivers = Path("/etc/odbcinst.ini")
    needed = {
        "postgresql": any(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        "odbc-postgresql": drivers.is_file() and "[PostgreSQL Unicode]" in drivers.read_text(),
        "libpostgresql-jdbc-java": JAR.is_file(),
        "default-jre-headless": shutil.which("java") is not None,
    }
    return ", ".join(name for name, there in needed.items() if not there)


@dataclass(frozen=True)
class Server:
    """A running server: its port, its folder (with the authorities' certificates), and the account that it runs as."""

    port: int
    folder: Path
    programs: Path
    account: dict[str, object]

    def sql(self, *statements: str, database: str = "erp", **variables: str) -> str:
        """Run SQL as the owner, over the server's socket; returns what it printed."""
        arguments = [
            str(self.programs / "psql"),
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            str(self.folder),
            "-p",
            str(self.port),
        ]
        for name, value in variables.items():
            arguments += ["-v", f"{name}={value}"]
        done = subprocess.run(
            [*arguments, "-U", "owner", database], input="\n".join(statements), capture_output=True, text=True, check=False, cwd="/"
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def settings(
        self, driver: str, *, user: str = "leser", authority: str = "ca", host: str = "localhost", database: str = "erp"
    ) -> dict[str, str]:
        """The settings of a connection, verified by one of the authorities."""
        keys = {
            "system": "database",
            "entity": "Meridian Deutschland GmbH",
            "driver": driver,
            "mapping": "mapping.toml",
            "username": user,
        }
        certificate = self.folder / f"{authority}.pem"
        if driver == "odbc":
            keys["connection_string"] = (
                f"Driver={{PostgreSQL Unicode}};Server={host};Port={self.port};Database={database};SSLmode=verify-full;"
                f"pqopt={{sslrootcert={certificate}}}"
            )
        else:
            keys["connection_string"] = (
                f"jdbc:postgresql://{host}:{self.port}/{database}?sslmode=verify-full&sslrootcert={certificate}"
            )
            keys |= {"jdbc_driver_class": "org.postgresql.Driver", "jdbc_jars": str(JAR)}
        return keys | {"password": PASSWORDS[user]}


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Start a server on a free port of this machine; stopped by its own handle when done."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    account: dict[str, object] = {}
    folder = Path(tempfile.mkdtemp(prefix="erp-"))
    if os.geteuid() == 0:  # the server refuses to run as root
        name = pwd.getpwnam("postgres")
        account = {"user": name.pw_uid, "group": name.pw_gid, "extra_groups": []}
        os.chown(folder, name.pw_uid, name.pw_gid)
    folder.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        data = folder / "data"
        subprocess.run(
            [str(programs / "initdb"), "-D", str(data), "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            capture_output=True,
            cwd="/",
            **account,
        )
        _certify(folder)
        (data / "pg_hba.conf").write_text("local all owner trust\nhostssl all all all scram-sha-256\n")
        for name in ("server.pem", "server.key"):
            (folder / name).chmod(0o600)
            if account:
                os.chown(folder / name, int(str(account["user"])), int(str(account["group"])))
        options = {
            "port": port,
            "listen_addresses": "localhost",
            "unix_socket_directories": folder,
            "ssl": "on",
            "fsync": "off",
            "ssl_cert_file": folder / "server.pem",
            "ssl_key_file": folder / "server.key",
            "timezone": "Asia/Tokyo",
        }
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in options.items())],
                stdout=log,
                stderr=log,
                cwd="/",
                **account,
            )
        try:
            server = Server(port, folder, programs, account)
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        ready = [str(server.programs / "createdb"), "-h", str(server.folder), "-p", str(server.port), "-U", "owner", "erp"]
        if subprocess.run(ready, capture_output=True, check=False, cwd="/").returncode == 0:
            return
        assert process.poll() is None, (server.folder / "log").read_text()
        time.sleep(0.05)
    pytest.fail("the server did not start: " + (server.folder / "log").read_text())


def _certify(folder: Path) -> None:
    """An authority with the server's certificate, and another that the server knows nothing of."""
    now = datetime.now(UTC)
    for authority in ("ca", "other"):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {authority}")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(days=2))
        certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
            key, hashes.SHA256()
        )
        (folder / f"{authority}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        if authority == "ca":
            _sign(folder, key, name, now)


def _sign(folder: Path, authority: ec.EllipticCurvePrivateKey, issuer: x509.Name, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(days=2))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.2"))])
    certificate = builder.add_extension(names, critical=False).sign(authority, hashes.SHA256())
    (folder / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


FILLS = {
    "mandant": "select 'DE01', name, currency, country, fiscal_year_end_month, fiscal_year_end_day from company.entity where entity_id = $entity",
    "konto": """
        select account_code, 'DE01', name, case class when 'equity' then 'Q' else upper(class[1]) end, type, system_role, currency, 'N', description
        from company.account where entity_id = $entity
    """,
    "periode": """
        select distinct 'DE01', year(journal_date), month(journal_date), date_trunc('month', journal_date)::date, last_day(journal_date), journal_date < '2026-06-01'
        from company.journal where entity_id = $entity and recorded_at <= $until
    """,
    '"Buchung"': """
        select row_number() over (order by j.recorded_at, journal_id, line_number), journal_id, line_number, 'DE01', journal_date, j.recorded_at || '+00',
            j.recorded_at || '+00', account_code, case when amount_func > 0 then amount_func end, case when amount_func <= 0 then -amount_func end,
            amount_txn, currency_txn, source_type, source_id, coalesce(customer_id, vendor_id),
            case when customer_id is not null then 'K' when vendor_id is not null then 'L' end, upper(partner_entity_id),
            department_id, campaign_id, product_id, tax_type, l.description, 'anna', reverses_journal_id, '\\x00ff'
        from company.journal_line l join company.journal j using (journal_id) where entity_id = $entity and j.recorded_at <= $until
        qualify j.recorded_at > $since order by 1
    """,
    "rechnung": """
        select d.document_id, number, case kind when 'sale' then 'AR' when 'purchase' then 'ER' when 'sale_credit' then 'AG' else 'EG' end, 'DE01',
            coalesce(customer_id, vendor_id), issue_date, due_date, d.currency, d.fx_rate, total, total - coalesce(paid, 0), 'gebucht'
        from company.document d left join (
            select document_id, sum(amount_txn) as paid from company.payment where recorded_at <= $until and deleted_at is null group by all
        ) using (document_id)
        where entity_id = $entity and recorded_at <= $until and deleted_at is null
    """,
    "zahlung": """
        select row_number() over (order by recorded_at, payment_id), payment_id, document_id, payment_date, amount_txn, currency, fx_rate, amount_func,
            bank_account_code, reference
        from company.payment where entity_id = $entity and recorded_at <= $until and deleted_at is null qualify recorded_at > $since
    """,
    "partner": """
        select customer_id, 'K', billing_name, billing_email, street, postal_code, city, country, tax_id, null, c.created_at
        from company.customer c join company.organization using (organization_id) where c.entity_id = $entity and c.created_at <= $until and c.created_at > $since
        union all
        select vendor_id, 'L', name, email, null, null, null, country, tax_id, upper(partner_entity_id), created_at
        from company.vendor where entity_id = $entity and created_at <= $until and created_at > $since
    """,
    "kurs": "select rate_date, currency, units_per_eur from company.fx_rate where published_at <= $until and published_at > $since",
    "plan": """
        select budget_id, account_code, department_id, month, amount from company.budget_line join company.budget using (budget_id) where entity_id = $entity
    """,
}
WHOLE = ("mandant", "konto", "periode", "rechnung", "plan")


def fill(server: Server, company: Path, until: str = AS_OF, since: str = "1900-01-01", database: str = "erp") -> None:
    """Write into the ERP what the company recorded after ``since`` and up to ``until``; lists that have no time are written anew."""
    with duckdb.connect() as books:
        books.execute(f"attach '{company}' as meridian (read_only); use meridian")
        for table, query in FILLS.items():
            path = server.folder / "fill.csv"
            given = {"entity": ENTITY, "until": until, "since": since}
            books.execute(
                f"copy ({query}) to '{path}' (header false)", {name: value for name, value in given.items() if f"${name}" in query}
            )
            path.chmod(0o644)
            before = f"delete from fibu.{table};" if table in WHOLE else ""
            server.sql(before, f"\\copy fibu.{table} from '{path}' csv", database=database)
