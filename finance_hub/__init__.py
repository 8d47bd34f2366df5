"""Orchestrates: when things run, what is checked, who is told."""

from __future__ import annotations
