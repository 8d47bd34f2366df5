"""What the model is made of: lists, modules with their line items, saved views and the exports of these."""

from __future__ import annotations

from dataclasses import dataclass

LISTS = {1: "Entities", 2: "Accounts", 3: "Departments", 4: "Products", 5: "Channels", 6: "Sellers"}
LIST_ID = 101000000000
TIME, VERSIONS, LINE_ITEMS = 20000000003, 20000000020, 20000000012
"""Dimensions that every model has, by the ids that the vendor gives them."""


@dataclass(frozen=True)
class Module:
    """A module: its number, its name, the table of its cells, its dimensions in order and its line items with their formats.

    ``saved_view`` is the name of its saved view and of the export made of it.
    """

    number: int
    name: str
    table: str
    dimensions: tuple[str, ...]
    line_items: tuple[tuple[str, str], ...]
    saved_view: str

    @property
    def id(self) -> int:
        """The id of the module, which is that of its default view too."""
        return 102000000000 + self.number

    @property
    def view_id(self) -> int:
        """The id of its saved view."""
        return 203000000000 + self.number

    @property
    def export_id(self) -> int:
        """The id of its export, which is that of the file too."""
        return 116000000000 + self.number

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of its cells: dimensions first."""
        return (*self.dimensions, *(name for name, _ in self.line_items))

    def line_item_id(self, at: int) -> int:
        """The id of a line item by its place."""
        return 300000000000 + 1000 * self.number + at


MODULES = (
    Module(
        1,
        "SYS01 Plan Status",
        "cells_status",
        ("Versions", "Entities"),
        (("Scenario", "TEXT"), ("Fiscal Year", "TEXT"), ("Created On", "DATE"), ("Locked", "BOOLEAN")),
        "Hub Plan Status",
    ),
    Module(
        2,
        "FIN01 Plan",
        "cells_plan",
        ("Versions", "Entities", "Accounts", "Departments", "Time"),
        (("Amount", "NUMBER"),),
        "Hub Plan Lines",
    ),
    Module(
        3,
        "DRV01 Headcount",
        "cells_headcount",
        ("Versions", "Entities", "Departments", "Time"),
        (("Headcount", "NUMBER"),),
        "Hub Headcount",
    ),
    Module(
        4,
        "DRV02 Subscriptions",
        "cells_subscriptions",
        ("Versions", "Entities", "Products", "Time"),
        (("Volume", "NUMBER"), ("Price", "NUMBER")),
        "Hub Subscriptions",
    ),
    Module(
        5,
        "TAR01 Company Targets",
        "cells_company_targets",
        ("Entities", "Time"),
        (("Revenue Target", "NUMBER"), ("CAC Target", "NUMBER")),
        "Hub Company Targets",
    ),
    Module(
        6,
        "TAR02 Channel Targets",
        "cells_channel_targets",
        ("Entities", "Channels", "Time"),
        (("CAC Target", "NUMBER"),),
        "Hub Channel Targets",
    ),
    Module(
        7,
        "TAR03 Product Targets",
        "cells_product_targets",
        ("Entities", "Products", "Time"),
        (("Revenue Target", "NUMBER"),),
        "Hub Product Targets",
    ),
    Module(8, "TAR04 Quotas", "cells_quotas", ("Entities", "Sellers", "Time"), (("Quota", "NUMBER"),), "Hub Quotas"),
    Module(9, "TAR05 Campaign Targets", "cells_campaign_targets", ("Time",), (("ROI Target", "NUMBER"),), "Hub Campaign Targets"),
)
EMPTY_EXPORT_ID = 116000000010
"""An export of a view whose filter lets nothing through: its metadata tell the rows of the module, and its tasks complete without success."""


def dimension_id(name: str) -> int:
    """The id of a dimension by its name."""
    plain = {"Time": TIME, "Versions": VERSIONS, "Line Items": LINE_ITEMS}
    return plain[name] if name in plain else LIST_ID + next(number for number, each in LISTS.items() if each == name)


def module_of_view(view_id: int) -> Module | None:
    """The module that a view shows: a saved one, its default one, or that of a line item."""
    for module in MODULES:
        line_items = {module.line_item_id(at) for at in range(len(module.line_items))}
        if view_id in {module.id, module.view_id, *line_items}:
            return module
    return None
