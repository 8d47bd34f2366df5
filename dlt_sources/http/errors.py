"""What can go wrong between the hub and a vendor, one class per reaction.

Every message is one plain sentence that names the connection and what to mend. No message holds a credential: texts that
come from outside pass through :func:`dlt_sources.http.redaction.redact` first. All of them survive pickling, since a
scheduler carries exceptions between processes.
"""

from __future__ import annotations

from datetime import datetime


class SourceError(Exception):
    """A source could not deliver. The base of every error of this package."""


class AuthenticationRejected(SourceError):
    """The vendor does not accept the credentials: a person must correct them."""


class ReauthorizationRequired(SourceError):
    """The refresh token is dead: a person must give consent again."""


class PermissionMissing(SourceError):
    """The credentials are good but may not read this (HTTP 403)."""


class NotFound(SourceError):
    """The address does not exist (HTTP 404): most often a wrong ``base_url``."""


class BadRequest(SourceError):
    """The vendor understood the call and refuses it (other HTTP 4xx)."""


class OffOrigin(SourceError):
    """An answer pointed outside the vendor's own addresses; nothing was sent there."""


class PagingLoop(SourceError):
    """The vendor keeps sending the same page or more pages than can be."""


class IncompleteRead(SourceError):
    """Fewer or more rows arrived than the vendor announced."""


class DeadlineExceeded(SourceError):
    """One exchange took longer than its total deadline, retries included."""


class TransientFailure(SourceError):
    """Network or server trouble that outlasted every retry."""


class MalformedReply(SourceError):
    """The body is not what the endpoint sends (HTML, cut JSON ...). Raised inside a parser, it is retried."""


class ErrorReply(SourceError):
    """An error in the body of a successful answer.

    Raised inside a parser; ``retryable`` says whether the vendor means "later".
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable

    def __reduce__(self) -> tuple[object, ...]:
        return (_error_reply, (str(self), self.retryable))


def _error_reply(message: str, retryable: bool) -> ErrorReply:
    return ErrorReply(message, retryable=retryable)


class QuotaExhausted(SourceError):
    """The vendor asks for a longer pause than a run should sleep: run again at ``resume_at`` (UTC)."""

    def __init__(self, message: str, resume_at: datetime | None = None) -> None:
        super().__init__(message)
        self.resume_at = resume_at

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (str(self), self.resume_at))
