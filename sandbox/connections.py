"""The settings that point a hub at a sandbox, as the `hub.toml` of one has them."""

from __future__ import annotations

from collections.abc import Collection

import httpx

_UNHURRIED = {
    "anaplan": ["calls_per_minute = 100000", "poll_seconds = 0.01"],
    "hubspot": ["calls_per_10_seconds = 100000", "searches_per_second = 100000"],
    "marketo": ["calls_per_20_seconds = 100000", "poll_seconds = 0.01"],
    "pipedrive": ["calls_per_2_seconds = 100000"],
    "vena": ["calls_per_5_minutes = 100000", "throttle_pause = 0.1"],
    "xero": ["calls_per_minute = 100000"],
    "quickbooks": ["calls_per_minute = 100000", "calls_per_second = 100000", "throttle_pause = 0.1"],
}
"""By system: a sandbox does not mind how fast it is asked, where a vendor would."""


def connections_toml(url: str, only: Collection[str] = (), *, limits: bool = False) -> str:
    """One table for each connection that the sandbox at ``url`` offers, of all systems or ``only`` some.

    ``limits`` says whether that sandbox minds how fast it is asked.
    """
    lines: list[str] = []
    for name, keys in httpx.get(f"{url}/_sandbox/connections").json().items():
        if not only or keys["system"] in only:
            lines += ["", f"[connections.{name}]", *(f'{key} = "{value}"' for key, value in keys.items())]
            lines += [] if limits else _UNHURRIED.get(keys["system"], [])
    return "\n".join(lines) + "\n"
