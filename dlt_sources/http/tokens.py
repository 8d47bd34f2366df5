"""OAuth tokens on disk: encrypted, and safe against crashes and against two processes refreshing at once.

The protocol of one refresh, under a lock that holds across processes:

1. read again: if another worker has refreshed meanwhile, use its tokens;
2. write an intent (which generation is about to be replaced), durably;
3. call the vendor;
4. store the new tokens as generation + 1, keeping the former refresh token, durably;
5. only now hand out the access token.

A crash between 3 and 4 leaves an intent without a result. The next refresh retries with the stored refresh token, which vendors
with a grace period accept. Where the vendor refuses, nothing on this side can heal it: the connection is marked, the error says
that consent is needed, and no further call hammers the vendor.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from filelock import FileLock

from dlt_sources.http import redaction
from dlt_sources.http.errors import AuthenticationRejected, ReauthorizationRequired, SourceError

_NONCE_BYTES = 12
_KEY_BYTES = 32
_LOCK_SECONDS = 120
_FRESH_SHARE = 0.8  # of a token's life; after it a refresh is due


class TokenSet(msgspec.Struct, frozen=True, kw_only=True):
    """What the vendor issued. Moments are UTC.

    ``refresh_expires_at`` is when the refresh token dies unused, ``consent_expires_at`` when the consent ends, however much it is used.
    """

    access_token: str
    issued_at: datetime
    expires_at: datetime | None = None
    refresh_token: str | None = None
    scope: str | None = None
    refresh_expires_at: datetime | None = None
    consent_expires_at: datetime | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Whether less than four fifths of its life have passed."""
        if self.expires_at is None:
            return True
        return now < self.issued_at + (self.expires_at - self.issued_at) * _FRESH_SHARE

    def __repr__(self) -> str:
        return f"TokenSet(expires_at={self.expires_at!s})"


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    generation: int = 0
    tokens: TokenSet | None = None
    previous_refresh_token: str | None = None
    intent: int | None = None
    reauthorization_required: bool = False
    grant: str = ""  # digest of the first refresh token: a new one from the user starts anew


class TokenStore:
    """A folder with one encrypted file per connection.

    ``key`` is 32 bytes; see :func:`load_key`. Files hold ``nonce + AES-GCM ciphertext``, bound to the connection's name.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._cipher = AESGCM(key)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def __repr__(self) -> str:
        return f"TokenStore({self._folder.name!r})"

    def current(self, connection: str) -> TokenSet | None:
        """Return the stored tokens, fresh or not; None before the first."""
        return self._read(connection).tokens

    def save(self, connection: str, tokens: TokenSet, *, first_refresh_token: str | None = None) -> None:
        """Store tokens that came from a new consent; clears an earlier "consent needed" mark.

        ``first_refresh_token`` is the one in the settings, which this consent succeeds.
        """
        grant = hashlib.sha256((first_refresh_token or "").encode()).hexdigest()
        with self._lock(connection):
            entry = self._read(connection)
            self._write(connection, _Entry(generation=entry.generation + 1, tokens=tokens, grant=grant))

    def access_token(
        self,
        connection: str,
        renew: Callable[[str | None], TokenSet],
        *,
        first_refresh_token: str | None = None,
        rejected: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> str:
        """Return a fresh access token, renewing it if need be.

        ``renew`` gets the refresh token to present (None for grants without one) and calls the vendor; it raises
        :class:`AuthenticationRejected` when the vendor refuses the grant. ``rejected`` is an access token that the vendor has just
        refused: it counts as stale whatever the clock says.
        """
        grant = hashlib.sha256((first_refresh_token or "").encode()).hexdigest()
        entry = self._read(connection)
        if self._usable(entry, rejected, now()):
            return self._hand_out(entry)
        with self._lock(connection):
            entry = self._read(connection)
            if first_refresh_token and entry.grant != grant:
                entry = _Entry(generation=entry.generation, grant=grant)
            if self._usable(entry, rejected, now()):
                return self._hand_out(entry)
            if entry.reauthorization_required:
                raise ReauthorizationRequired(_consent_needed(connection))
            presented = entry.tokens.refresh_token if entry.tokens else None
            presented = presented or first_refresh_token
            self._write(connection, msgspec.structs.replace(entry, intent=entry.generation, grant=grant))
            try:
                tokens = renew(presented)
            except AuthenticationRejected as refused:
                if presented is None:
                    raise
                self._write(connection, msgspec.structs.replace(entry, intent=None, grant=grant, reauthorization_required=True))
                raise ReauthorizationRequired(_consent_needed(connection)) from refused
            if tokens.refresh_token is None:
                tokens = msgspec.structs.replace(tokens, refresh_token=presented)
            if tokens.consent_expires_at is None and entry.tokens:
                tokens = msgspec.structs.replace(tokens, consent_expires_at=entry.tokens.consent_expires_at)
            entry = _Entry(generation=entry.generation + 1, tokens=tokens, previous_refresh_token=presented, grant=grant)
            self._write(connection, entry)
            return self._hand_out(entry)

    @staticmethod
    def _usable(entry: _Entry, rejected: str | None, now: datetime) -> bool:
        return entry.tokens is not None and entry.tokens.access_token != rejected and entry.tokens.is_fresh(now)

    @staticmethod
    def _hand_out(entry: _Entry) -> str:
        tokens = entry.tokens
        if tokens is None:  # pragma: no cover - callers check
            raise SourceError("No token is stored.")
        redaction.register(tokens.access_token, tokens.refresh_token)
        return tokens.access_token

    def _lock(self, connection: str) -> FileLock:
        return FileLock(self._path(connection).with_suffix(".lock"), timeout=_LOCK_SECONDS)

    def _path(self, connection: str) -> Path:
        return self._folder / f"{connection}.tokens"

    def _read(self, connection: str) -> _Entry:
        path = self._path(connection)
        try:
            blob = path.read_bytes()
        except FileNotFoundError:
            return _Entry()
        try:
            plain = self._cipher.decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], connection.encode())
            return msgspec.json.decode(plain, type=_Entry)
        except (InvalidTag, msgspec.DecodeError) as damage:
            raise SourceError(
                f"The stored tokens of connection '{connection}' cannot be read with the present key: "
                f"restore the key file, or delete {path.name} and give consent again."
            ) from damage

    def _write(self, connection: str, entry: _Entry) -> None:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        blob = nonce + self._cipher.encrypt(nonce, msgspec.json.encode(entry), connection.encode())
        path = self._path(connection)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def load_key(path: Path) -> bytes:
    """Read the 32-byte key of a token store, making one (mode 0600) the first time.

    The file appears whole or not at all: several processes may ask for a key that is not there yet, and all get the one that was first.
    Raises :class:`SourceError` where others could read the file.
    """
    if not path.exists():
        drawn = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(drawn, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(drawn, path)
        drawn.unlink()
    if path.stat().st_mode & 0o077:
        raise SourceError(f"The key file {path.name} can be read by other users: run chmod 600 on it.")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise SourceError(f"The key file {path.name} must hold {_KEY_BYTES} bytes, not {len(key)}.")
    return key


def tokens_from_answer(answer: dict[str, object], now: datetime) -> TokenSet:
    """Read a token endpoint's answer (RFC 6749, section 5.1)."""
    refresh_token, scope = answer.get("refresh_token"), answer.get("scope")

    def after(*names: str) -> datetime | None:
        seconds = next((answer[name] for name in names if answer.get(name) is not None), None)
        # Mailchimp says 0 of tokens that have no end; a token without any life would be none.
        return now + timedelta(seconds=float(str(seconds))) if seconds is not None and float(str(seconds)) > 0 else None

    return TokenSet(
        access_token=str(answer["access_token"]),
        issued_at=now,
        expires_at=after("expires_in"),
        refresh_token=str(refresh_token) if refresh_token else None,
        scope=str(scope) if scope else None,
        refresh_expires_at=after("refresh_token_expires_in", "x_refresh_token_expires_in"),
        consent_expires_at=after("x_refresh_token_hard_expires_in"),
    )


def _consent_needed(connection: str) -> str:
    return (
        f"Connection '{connection}' has lost its consent: the vendor no longer accepts its refresh token. "
        f"Run `finance-hub connections authorize {connection}`, or set a new refresh_token."
    )
