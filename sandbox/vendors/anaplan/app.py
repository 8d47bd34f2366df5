"""Anaplan's services as one application: authentication, OAuth 2.0 and the Integration API, with what stands before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from sandbox.vendors.anaplan import replies
from sandbox.vendors.anaplan.access import PASSWORD, USERNAME, Access
from sandbox.vendors.anaplan.data import CHUNK, MOST_CELLS, DataApi
from sandbox.vendors.anaplan.replies import NAME, Refusal
from sandbox.vendors.anaplan.store import AnaplanStore
from sandbox.vendors.anaplan.tenant import MODEL_ID, WORKSPACE_ID, Tenant
from sandbox.vendors.wire import CallLimit, Gate, VirtualClock

CALLS_IN_A_MINUTE = 600


@dataclass
class AnaplanApi:
    """The emulator's state beside the model. ``limits`` False counts no calls; ``work`` is what a step of a task takes, in seconds."""

    store: AnaplanStore
    clock: VirtualClock
    limits: bool = True
    work: float = 0.0
    chunk: int = CHUNK
    most_cells: int = MOST_CELLS

    def __post_init__(self) -> None:
        self.access = Access(self.clock.now)
        self.tenant = Tenant(self.store, self.clock.now, 4 * self.work)
        self.data = DataApi(self.store, self.tenant, self.clock.now, self.work, self.chunk, self.most_cells)
        self._rate = CallLimit(CALLS_IN_A_MINUTE, 60.0, self.clock.now)

    def app(self) -> ASGIApp:
        """The application to mount."""
        inner = Starlette(
            routes=[*self.access.routes(), *self.tenant.routes(), *self.data.routes()],
            exception_handlers={Refusal: self._refused, HTTPException: self._no_such_path},
        )
        return Gate(self._admit, inner)

    def error(self, kind: str) -> Response:
        """Anaplan's own error bodies."""
        if kind == "unauthorized":
            self.access.expire()
        told = {
            "throttle": (429, "Too many requests"),
            "day_limit": (429, "Too many requests"),
            "unauthorized": (401, "Token is not valid"),
            "forbidden": (404, "Not Found"),
            "server_error": (500, "Internal Server Error"),
        }
        if kind == "error_200":
            body = {
                "status": {"code": 500, "message": "Internal Server Error"},
                "path": "/2/0",
                "timestamp": "2026-01-05T10:11:12.345Z",
            }
            return replies.json(body)
        status, message = told[kind]
        return replies.error(status, message, "/2/0", self.clock.now())

    def _admit(self, scope: Scope) -> tuple[Response | None, Mapping[str, str]]:
        path = str(scope["path"])
        if "/2/0" not in path:
            return None, {}
        told = "/2/0" + path.partition("/2/0")[2]
        given = Headers(scope=scope).get("authorization", "")
        if not self.access.knows(given):
            return replies.error(401, "Token is not valid", told, self.clock.now()), {}
        if self.limits and self._rate.take()[0] < 0:
            return replies.error(429, "Too many requests", told, self.clock.now()), {}
        return None, {}

    def _refused(self, request: Request, refusal: Exception) -> Response:
        if not isinstance(refusal, Refusal):
            return replies.error(500, "Internal Server Error", replies.path_of(request), self.clock.now())
        return replies.error(refusal.status, refusal.message, replies.path_of(request), self.clock.now())

    def _no_such_path(self, request: Request, trouble: Exception) -> Response:
        status = trouble.status_code if isinstance(trouble, HTTPException) else 404
        message = "Method Not Allowed" if status == 405 else "Not Found"
        return replies.error(status, message, replies.path_of(request), self.clock.now())


def connection(store: AnaplanStore) -> Mapping[str, str]:
    """Settings of a connection to it; ``{url}`` stands for the sandbox's own address."""
    return {
        "system": NAME,
        "entity": store.names[0],
        "username": USERNAME,
        "password": PASSWORD,
        "workspace_id": WORKSPACE_ID,
        "model_id": MODEL_ID,
        "auth_url": f"{{url}}/{NAME}",
        "api_url": f"{{url}}/{NAME}/2/0",
        "oauth_url": f"{{url}}/{NAME}",
    }
