"""Files that a system leaves somewhere instead of answering: the one place that lists and reads them."""

from __future__ import annotations

from dlt_sources.files.shelves import FileSettings, Shelf, bare, open_path, open_shelf
from dlt_sources.files.stores import Bucket, Folder, Found, Store

__all__ = ["Bucket", "FileSettings", "Folder", "Found", "Shelf", "Store", "bare", "open_path", "open_shelf"]
