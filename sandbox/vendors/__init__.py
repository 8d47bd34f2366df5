"""Emulators of the vendors' APIs, one folder each, true to the wire and able to misbehave on demand."""

from __future__ import annotations
