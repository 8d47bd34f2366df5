"""What the sources of ad platforms have in common: one shape of records, restatement of the last weeks, files in place of an API."""

from __future__ import annotations

from dlt_sources.ad_platforms.reading import AdSettings, Session, check, source
from dlt_sources.ad_platforms.records import AdAccount, AdCampaign, AdGroup, Labelled, Platform, SpendDay, TaggedAd, declare

__all__ = [
    "AdAccount",
    "AdCampaign",
    "AdGroup",
    "AdSettings",
    "Labelled",
    "Platform",
    "Session",
    "SpendDay",
    "TaggedAd",
    "check",
    "declare",
    "source",
]
