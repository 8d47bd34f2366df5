"""The simulated company and the emulators of its vendors, for the demo and the tests."""

from __future__ import annotations
