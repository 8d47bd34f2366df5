"""The Mailchimp account as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.store import CompanyStore, script


class MailchimpStore(CompanyStore):
    """The audiences and mailings of one entity.

    A campaign of the company is what its mailings carry as their tag; one e-mail is a campaign of Mailchimp.
    """

    kinds = {
        "person": "select person_id, member_id from person semi join member on member.id = member_id",
        "campaign": "select distinct campaign_id, lower(utm_campaign) from mail",
        "email": "select email_id, id from mail",
        "order": "select document_id, id from purchase",
    }

    def __init__(self, company: Path, system: str) -> None:
        super().__init__(company, facts=script(__package__, "feed"), current=script(__package__, "current"))
        found = self._db.execute("select entity_id, name from source.company.entity where marketing = ?", [system]).fetchone()
        if found is None:
            raise ValueError(f"No entity of the company does its marketing with {system}.")
        self.name = str(found[1])
        self._db.execute("set variable entity = ?", [found[0]])
