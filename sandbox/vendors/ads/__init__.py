"""What the three ad platforms have in common: the accounts that the entities of the group have with each, and what is reported of them."""

from __future__ import annotations

from sandbox.vendors.ads.store import Account, AdStore

__all__ = ["Account", "AdStore"]
