"""A file server: some folders, listed as JSON in the way of nginx's autoindex, behind one access token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

_TITLES = {
    401: "Authorization Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


@dataclass(frozen=True)
class File:
    """One file of a folder, and when it was changed last."""

    name: str
    changed_at: datetime


class Store(Protocol):
    """Folders with files; of each folder, the firm that it is of."""

    @property
    def sites(self) -> Mapping[str, str]:
        """The folders, and whose they are."""

    def files(self, site: str) -> list[File]:
        """The files of a folder, in order."""

    def content(self, site: str, name: str) -> bytes | None:
        """The bytes of a file; None where there is none of this name."""


@dataclass(frozen=True)
class FileServer:
    """``/<site>/`` lists a site's files, ``/<site>/<file>`` is one."""

    store: Store
    access_token: str

    def app(self) -> ASGIApp:
        """The application to mount."""
        return Starlette(
            routes=[Route("/{site}/", self._listing), Route("/{site}/{file}", self._file)],
            exception_handlers={HTTPException: _refused},
        )

    @staticmethod
    def error(kind: str) -> Response:
        """The server's own error pages."""
        status = {"throttle": 429, "day_limit": 429, "unauthorized": 401, "forbidden": 403}.get(kind, 500)
        answer = _page(500 if kind == "error_200" else status)
        if kind == "error_200":
            answer.status_code = 200
        if kind in {"throttle", "day_limit"}:
            answer.headers["Retry-After"] = "1" if kind == "throttle" else "21600"
        return answer

    def _listing(self, request: Request) -> Response:
        site = self._site(request)
        entries = [
            {
                "name": file.name,
                "type": "file",
                "mtime": format_datetime(file.changed_at, usegmt=True),
                "size": len(self.store.content(site, file.name) or b""),
            }
            for file in self.store.files(site)
        ]
        return Response(msgspec.json.encode(entries), media_type="application/json")

    def _file(self, request: Request) -> Response:
        site = self._site(request)
        content = self.store.content(site, request.path_params["file"])
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="application/octet-stream")

    def _site(self, request: Request) -> str:
        if request.headers.get("authorization") != f"Bearer {self.access_token}":
            raise HTTPException(401)
        site = str(request.path_params["site"])
        if site not in self.store.sites:
            raise HTTPException(404)
        return site


def _page(status: int) -> Response:
    title = f"{status} {_TITLES.get(status, 'Error')}"
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    return Response(page, status, media_type="text/html")


def _refused(_request: Request, trouble: Exception) -> Response:
    return _page(trouble.status_code if isinstance(trouble, HTTPException) else 500)
