"""The org's objects and fields, as ``fields.txt`` lists them, and how describes tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_LENGTHS = {"id": 18, "reference": 18, "email": 80, "phone": 40, "url": 255, "textarea": 32_000, "picklist": 255, "anyType": 255}
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
    "anyType": "xsd:anyType",
}
NUMBERS = frozenset({"int", "double", "currency", "percent"})
UNGROUPED = frozenset({"address", "currency", "double", "percent", "datetime", "anyType"})
_SINGULAR_CURRENCY = frozenset({"CurrencyType", "DatedConversionRate"})


@dataclass(frozen=True)
class Field:
    """A field of an object; a compound one (an address) has no column of its own.

    ``children`` is what queries call the records that refer by it to another one, from there.
    """

    name: str
    kind: str
    refers_to: tuple[str, ...] = ()
    children: str = ""
    computed: bool = False
    filterable: bool = True

    @property
    def relation(self) -> str:
        """Name under which queries reach the record that this field refers to; empty where there is none."""
        if not self.refers_to:
            return ""
        return f"{self.name[:-1]}r" if self.name.endswith("__c") else self.name.removesuffix("Id")

    @property
    def is_text(self) -> bool:
        """Whether its values compare as text, whatever their case."""
        return self.kind not in NUMBERS | {"boolean", "date", "datetime", "id", "reference", "address"}

    def described(self) -> Mapping[str, object]:
        """The field as a describe tells it."""
        number = self.kind in NUMBERS - {"int"}
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.kind,
            "soapType": _SOAP.get(self.kind, "xsd:string"),
            "length": 0 if self.kind in _SOAP and self.kind not in _LENGTHS else _LENGTHS.get(self.kind, 255),
            "precision": 18 if number else 0,
            "scale": 2 if number else 0,
            "digits": 9 if self.kind == "int" else 0,
            "nillable": self.name not in {"Id", "IsDeleted", "CreatedDate", "SystemModstamp"},
            "calculated": False,
            "compoundFieldName": "BillingAddress" if self.name.startswith("Billing") and self.kind != "address" else None,
            "custom": self.name.endswith("__c"),
            "filterable": self.filterable and self.kind != "address",
            "sortable": self.kind not in {"address", "textarea"},
            "groupable": self.kind not in UNGROUPED,
            "createable": not self.computed and self.kind != "id",
            "updateable": not self.computed and self.kind != "id",
            "deprecatedAndHidden": False,
            "picklistValues": [],
            "referenceTo": list(self.refers_to),
            "relationshipName": self.relation or None,
        }


@dataclass(frozen=True)
class ObjectType:
    """One object; ``fields`` by their names in lower case, since the query language does not tell case."""

    name: str
    prefix: str
    fields: Mapping[str, Field]

    def has(self, name: str) -> bool:
        """Whether it has a field of that name."""
        return name.lower() in self.fields

    def summary(self, services: str) -> dict[str, object]:
        """The object as the list of objects tells it; ``services`` is the path of the API's version."""
        return {
            "name": self.name,
            "label": self.name,
            "labelPlural": f"{self.name}s",
            "keyPrefix": self.prefix,
            "custom": False,
            "queryable": True,
            "retrieveable": True,
            "replicateable": self.has("IsDeleted"),
            "searchable": True,
            "deprecatedAndHidden": False,
            "urls": {
                "sobject": f"{services}/sobjects/{self.name}",
                "describe": f"{services}/sobjects/{self.name}/describe",
                "rowTemplate": f"{services}/sobjects/{self.name}/{{ID}}",
            },
        }


@dataclass(frozen=True)
class ChildRelation:
    """Records that refer to those of an object: what queries call them, and by which field they do."""

    name: str
    child: ObjectType
    link: Field

    def described(self) -> Mapping[str, object]:
        """The relation as a describe tells it."""
        return {
            "cascadeDelete": False,
            "childSObject": self.child.name,
            "deprecatedAndHidden": False,
            "field": self.link.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": self.name,
            "restrictedDelete": False,
        }


def children(parent: ObjectType, objects: Mapping[str, ObjectType]) -> list[ChildRelation]:
    """What refers to records of an object, by relations that have a name."""
    return [
        ChildRelation(link.children, child, link)
        for child in objects.values()
        for link in child.fields.values()
        if link.children and parent.name in link.refers_to
    ]


def _read(line: str) -> ObjectType:
    head, _, listed = line.partition(": ")
    name, prefix = head.split()
    fields = {}
    for each in listed.split():
        field, _, rest = each.partition(":")
        kind, _, leads = rest.rstrip("!~").partition(">")
        refers_to, _, children_name = leads.partition("/")
        targets = tuple(refers_to.split(",")) if refers_to else ()
        fields[field.lower()] = Field(field, kind, targets, children_name, "!" in rest, "~" not in rest)
    return ObjectType(name, prefix, fields)


_LINES = files(__package__).joinpath("fields.txt").read_text(encoding="utf-8").splitlines()
OBJECTS: Mapping[str, ObjectType] = {
    one.name.lower(): one for one in (_read(line) for line in _LINES if line and not line.startswith("#"))
}


def visible(hidden: frozenset[str], *, multi_currency: bool) -> Mapping[str, ObjectType]:
    """The objects of an org as a user sees them who lacks what is ``hidden``, by their names in lower case."""
    lacking = {name.lower() for name in hidden} | (set() if multi_currency else {name.lower() for name in _SINGULAR_CURRENCY})
    return {
        key: ObjectType(
            one.name,
            one.prefix,
            {
                name: field
                for name, field in one.fields.items()
                if f"{key}.{name}" not in lacking and (multi_currency or name != "currencyisocode")
            },
        )
        for key, one in OBJECTS.items()
        if key not in lacking
    }
