"""The XML API: one address for each of its versions, and the methods that a call may name; beside it the Workday host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from sandbox.vendors.adaptive import data, replies, trees
from sandbox.vendors.adaptive.access import INSTANCE, LOGIN, PASSWORD, Access
from sandbox.vendors.adaptive.locales import locale_of
from sandbox.vendors.adaptive.replies import NAME, Element, Refusal, refused
from sandbox.vendors.adaptive.store import AdaptiveStore
from sandbox.vendors.wire import CallLimit, Gate, VirtualClock

CALLS_IN_A_MINUTE = 300
_FIRST, _LAST = 7, 40


@dataclass
class AdaptiveApi:
    """The emulator's state beside the instance. ``limits`` False counts no calls."""

    store: AdaptiveStore
    clock: VirtualClock
    limits: bool = True
    public_key: rsa.RSAPublicKey | None = None

    def __post_init__(self) -> None:
        self.access = Access(self.clock.now, self.public_key)
        self._rate = CallLimit(CALLS_IN_A_MINUTE, 60.0, self.clock.now)

    def app(self) -> ASGIApp:
        """The application to mount."""
        inner = Starlette(
            routes=[Route("/api/v{version:int}", self._called, methods=["POST"]), *self.access.routes()],
            exception_handlers={HTTPException: self._no_such_path},
        )
        return Gate(self._admit, inner)

    def error(self, kind: str) -> Response:
        """The vendor's own errors: those of the API are told within a good status."""
        if kind == "unauthorized":
            self.access.expire()
        logical = {
            "unauthorized": ("error-authentication-failure", "The login or password is not right, or the user has no access."),
            "forbidden": ("error-permission-denied", "The user may not do this."),
            "error_200": ("error-internal", "An unexpected error occurred."),
        }
        if kind in logical:
            return refused(*logical[kind])
        told = {
            "throttle": (429, "error-too-many-requests", "Too many requests."),
            "day_limit": (429, "error-too-many-requests", "Too many requests."),
            "server_error": (500, "error-internal", "An unexpected error occurred."),
        }
        status, key, text = told[kind]
        return refused(key, text, status)

    def _admit(self, scope: Scope) -> tuple[Response | None, Mapping[str, str]]:
        if self.limits and "/api/v" in str(scope["path"]) and self._rate.take()[0] < 0:
            response = refused("error-too-many-requests", "Too many requests.", 429)
            response.headers["Retry-After"] = "5"
            return response, {}
        return None, {}

    async def _called(self, request: Request) -> Response:
        version = request.path_params["version"]
        if not _FIRST <= version <= _LAST:
            return refused("error-invalid-api-version", f"The version v{version} of the API does not exist.", 404)
        return await run_in_threadpool(self._answered, await request.body(), version)

    def _answered(self, body: bytes, version: int) -> Response:
        try:
            return self._of_method(replies.read(body), version)
        except Refusal as refusal:
            return refused(refusal.key, refusal.text)

    def _of_method(self, call: Element, version: int) -> Response:
        method = str(call.get("method", ""))
        locale = locale_of(self.access.admit(call))
        if method == "exportData":
            return data.export(self.store, call, locale, version)
        if method == "exportConfigurableModelData":
            return data.modelled(self.store, call, locale)
        if method not in trees.METHODS:
            raise Refusal("error-unknown-method", f"The method '{method}' does not exist.")
        return replies.answer(replies.element("output", {}, [trees.METHODS[method](self.store, call)]))

    def _no_such_path(self, _request: Request, trouble: Exception) -> Response:
        status = trouble.status_code if isinstance(trouble, HTTPException) else 404
        return refused("error-not-found", "Method Not Allowed" if status == 405 else "Not Found", status)


def connection(store: AdaptiveStore) -> Mapping[str, str]:
    """Settings of a connection to it; ``{url}`` stands for the sandbox's own address."""
    return {
        "system": NAME,
        "entity": store.names[0],
        "login": LOGIN,
        "password": PASSWORD,
        "instance_code": INSTANCE,
        "base_url": f"{{url}}/{NAME}/api",
    }
