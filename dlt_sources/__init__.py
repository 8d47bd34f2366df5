"""Extracts: what each vendor says. Knows no orchestrator, no warehouse, no models, no sandbox."""

from __future__ import annotations
