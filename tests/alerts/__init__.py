"""Alerts: what is told, to whom, and how often."""
