"""All that is read of SAP S/4HANA: the listings in the order in which they are read, and their tables."""

from __future__ import annotations

from dlt_sources.sap import controlling, documents, ledger, parties

LISTINGS = {
    listing.endpoint.name: listing for listing in (*ledger.LISTINGS, *controlling.LISTINGS, *parties.LISTINGS, *documents.LISTINGS)
}
TABLES = tuple(table for listing in LISTINGS.values() for table in listing.endpoint.tables)
