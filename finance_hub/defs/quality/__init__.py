"""Checks of behaviour, by domain: each is one query and what is expected of its rows."""
