"""The services as their ``$metadata`` tells them, read from ``properties.txt``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from xml.sax.saxutils import quoteattr

_PROPERTY = re.compile(r"^(\w+):(DTO|DT|S|D|B|T|G)([\d.]*)(?:@(\w+))?(!?)$")
_EDM = {
    "S": "Edm.String",
    "D": "Edm.Decimal",
    "DT": "Edm.DateTime",
    "DTO": "Edm.DateTimeOffset",
    "B": "Edm.Boolean",
    "T": "Edm.Time",
    "G": "Edm.Guid",
}
_EDM_NAMESPACE = 'xmlns="http://schemas.microsoft.com/ado/2008/09/edm"'
_WITHOUT_ROLE = frozenset({"ID", "ProjectDescription", "WBSElementDescription", "PartnerWBSElementDescription"})
_WRITABLE = frozenset({"A_SupplierInvoice"})  # ... and the sets of business partners; this emulator refuses all writes
_NAMESPACES = (
    'xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" '
    'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" xmlns:sap="http://www.sap.com/Protocols/SAPData"'
)


@dataclass(frozen=True)
class Property:
    """One property of an entity type. ``size`` is MaxLength or precision; ``scale`` the decimals of an Edm.Decimal."""

    name: str
    kind: str
    size: int = 0
    scale: int = 0
    unit: str = ""
    filterable: bool = True

    @property
    def edm(self) -> str:
        """The Edm type."""
        return _EDM[self.kind]


@dataclass(frozen=True)
class Navigation:
    """A way from an entity to others: ``multiplicity`` is 1, 0..1 or *; ``on`` are the properties that both have."""

    name: str
    multiplicity: str
    target: str
    on: tuple[str, ...]


@dataclass(frozen=True)
class EntitySet:
    """An entity set with its type. Rows of an ``aggregate`` are grouped by the dimensions that a query selects."""

    name: str
    type_name: str
    key: tuple[str, ...]
    aggregate: bool
    properties: dict[str, Property] = field(default_factory=dict)
    navigations: dict[str, Navigation] = field(default_factory=dict)

    def is_measure(self, prop: Property) -> bool:
        """Whether a property is summed when rows are grouped."""
        return self.aggregate and prop.kind == "D"


@dataclass(frozen=True)
class Service:
    """A service: its name in the address, the namespace of its types, its entity sets."""

    name: str
    namespace: str
    sets: Mapping[str, EntitySet]


@cache
def services() -> Mapping[str, Service]:
    """Every service, by name."""
    found: dict[str, Service] = {}
    entity: EntitySet | None = None
    sets: dict[str, EntitySet] = {}
    for line in files(__package__).joinpath("properties.txt").read_text(encoding="utf-8").splitlines():
        word, _, rest = line.partition(" ")
        if not line or word == "#":
            continue
        if word == "service":
            name, _, namespace = rest.partition(" namespace ")
            sets = {}
            found[name] = Service(name, namespace or name, sets)
        elif word == "set":
            entity = _entity_set(rest)
            sets[entity.name] = entity
        elif entity is not None and word == "nav":
            way = _navigation(rest)
            entity.navigations[way.name] = way
        elif entity is not None:
            for text in line.removesuffix(";").split("; "):
                prop = _property(text)
                entity.properties[prop.name] = prop
    return found


def _entity_set(text: str) -> EntitySet:
    head, _, key = text.partition(" key ")
    name, _, type_name = head.partition(" type ")
    return EntitySet(name, type_name, tuple(key.removesuffix(" aggregate").split(", ")), key.endswith(" aggregate"))


def _navigation(text: str) -> Navigation:
    head, _, on = text.partition(" on ")
    name, multiplicity, target = head.split(" ")
    return Navigation(name, multiplicity, target, tuple(on.split(", ")))


def _property(text: str) -> Property:
    match = _PROPERTY.match(text.strip().removesuffix(";"))
    if match is None:
        raise ValueError(f"properties.txt: '{text}' is not a property.")
    name, kind, size, unit, mark = match.groups()
    whole, _, scale = size.partition(".")
    return Property(name, kind, int(whole or 0), int(scale or 0), unit or "", not mark)


def edmx(service: Service, root: str) -> str:
    """The service's ``$metadata``; ``root`` is its own address."""
    lines = [
        f'<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" {_NAMESPACES}>',
        '<edmx:DataServices m:DataServiceVersion="2.0">',
        f'<Schema Namespace="{service.namespace}" xml:lang="en" sap:schema-version="1" {_EDM_NAMESPACE}>',
    ]
    ways = [(entity, way) for entity in service.sets.values() for way in entity.navigations.values()]
    for entity in service.sets.values():
        lines += _entity_type(service, entity)
    for entity, way in ways:
        name, ends = _association(service, entity, way)
        lines.append(f'<Association Name="{name}" sap:content-version="1">{ends}</Association>')
    lines.append(
        f'<EntityContainer Name="{service.namespace}_Entities" m:IsDefaultEntityContainer="true" '
        'sap:supported-formats="atom json xlsx">'
    )
    for entity in service.sets.values():
        writable = entity.name in _WRITABLE or service.name == "API_BUSINESS_PARTNER"
        notes = "" if writable else ' sap:creatable="false" sap:updatable="false" sap:deletable="false"'
        lines.append(
            f'<EntitySet Name="{entity.name}" EntityType="{service.namespace}.{entity.type_name}"{notes} sap:content-version="1"/>'
        )
    for entity, way in ways:
        name, _ = _association(service, entity, way)
        lines.append(
            f'<AssociationSet Name="{name}" Association="{service.namespace}.{name}" sap:content-version="1">'
            f'<End EntitySet="{entity.name}" Role="FromRole_{name}"/><End EntitySet="{way.target}" Role="ToRole_{name}"/>'
            "</AssociationSet>"
        )
    lines.append("</EntityContainer>")
    lines.append(f'<atom:link rel="self" href={quoteattr(root + "/$metadata")} xmlns:atom="http://www.w3.org/2005/Atom"/>')
    lines.append("</Schema></edmx:DataServices></edmx:Edmx>")
    return "".join(lines)


def _entity_type(service: Service, entity: EntitySet) -> list[str]:
    semantics = ' sap:semantics="aggregate"' if entity.aggregate else ""
    lines = [f'<EntityType Name="{entity.type_name}"{semantics} sap:content-version="1"><Key>']
    lines += [f'<PropertyRef Name="{name}"/>' for name in entity.key]
    lines.append("</Key>")
    units = {prop.unit for prop in entity.properties.values()}
    lines += [_property_element(entity, prop, is_unit=prop.name in units) for prop in entity.properties.values()]
    for way in entity.navigations.values():
        name, _ = _association(service, entity, way)
        lines.append(
            f'<NavigationProperty Name="{way.name}" Relationship="{service.namespace}.{name}" FromRole="FromRole_{name}" '
            f'ToRole="ToRole_{name}"/>'
        )
    return [*lines, "</EntityType>"]


def _property_element(entity: EntitySet, prop: Property, *, is_unit: bool) -> str:
    notes = [f'Name="{prop.name}"', f'Type="{prop.edm}"']
    if prop.name in entity.key:
        notes.append('Nullable="false"')
    if prop.kind == "S" and prop.size:
        notes.append(f'MaxLength="{prop.size}"')
    elif prop.kind == "D":
        notes.append(f'Precision="{prop.size}" Scale="{prop.scale}"')
    elif prop.kind in {"DT", "DTO", "T"}:
        notes.append(f'Precision="{prop.size}"')
    if prop.kind == "DT":
        notes.append('sap:display-format="Date"')
    if entity.aggregate and prop.name not in _WITHOUT_ROLE:
        notes.append(f'sap:aggregation-role="{"measure" if entity.is_measure(prop) else "dimension"}"')
    if prop.unit:
        notes.append(f'sap:unit="{prop.unit}"')
        if entity.name == "GLAccountLineItem" and "Quantity" not in prop.name:
            notes.append('sap:variable-scale="true"')
    if is_unit:
        notes.append(f'sap:semantics="{"currency-code" if "Currency" in prop.name else "unit-of-measure"}"')
    if not prop.filterable:
        notes.append('sap:filterable="false"')
        if prop.name == "ID":
            notes.append('sap:sortable="false"')
    return f"<Property {' '.join(notes)}/>"


def _association(service: Service, entity: EntitySet, way: Navigation) -> tuple[str, str]:
    name = f"assoc_{entity.name}_{way.name}"
    target = service.sets[way.target].type_name
    ends = (
        f'<End Type="{service.namespace}.{entity.type_name}" Multiplicity="1" Role="FromRole_{name}"/>'
        f'<End Type="{service.namespace}.{target}" Multiplicity="{way.multiplicity}" Role="ToRole_{name}"/>'
    )
    return name, ends
