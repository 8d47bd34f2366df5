"""Keeps credentials out of every text that leaves the process.

Known secret values are registered as they come to life (a client secret when it is read, a token when it is issued) and are
replaced in any text, in their plain, URL-quoted and base64 forms. Patterns catch what was never registered.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from urllib.parse import quote, quote_plus

_MASK = "***"
_SHORTEST_SECRET = 6  # masking shorter values would mangle ordinary words
_PATTERNS = (
    re.compile(r"(?i)(bearer|basic)\s+[\w\-.~+/]{6,}=*"),
    re.compile(
        r"(?i)((?:access_token|refresh_token|client_secret|id_token|api_key|apikey|hapikey|code_verifier|password|assertion)"
        r"[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
    ),
    # An authorization code travels in addresses and forms; errors have codes too, which people must see.
    re.compile(r"(?i)(\bcode=)[^&\s\"',}]+"),
    re.compile(r"eyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*"),
)
_secrets: set[str] = set()
_lock = threading.Lock()


def register(*values: str | None) -> None:
    """Make values unspeakable: from now on `redact` replaces them wherever they appear."""
    with _lock:
        for value in values:
            if value and len(value) >= _SHORTEST_SECRET:
                encoded = base64.b64encode(value.encode()).decode()
                _secrets.update({value, quote(value, safe=""), quote_plus(value), encoded, encoded.rstrip("=")})


def redact(text: str) -> str:
    """Return the text with every registered secret and everything that looks like a credential masked."""
    with _lock:
        known = sorted(_secrets, key=len, reverse=True)
    for secret in known:
        if secret in text:
            text = text.replace(secret, _MASK)
    text = _PATTERNS[0].sub(rf"\1 {_MASK}", text)
    for pattern in _PATTERNS[1:-1]:
        text = pattern.sub(rf"\1{_MASK}", text)
    return _PATTERNS[-1].sub(_MASK, text)


class RedactingFilter(logging.Filter):
    """Rewrites log records, their arguments and their tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place; never drops one."""
        record.msg = redact(record.getMessage())
        record.args = None
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def install() -> None:
    """Put the filter on every handler of the root logger, and quiet the HTTP library's request lines."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(known, RedactingFilter) for known in handler.filters):
            handler.addFilter(RedactingFilter())
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
