"""What a dbt node is as an asset: keys and groups from where it stands in the project, nothing from lists of names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from finance_hub.automation import read_daily, when_upstream_is_ready


class ModelTranslator(DagsterDbtTranslator):
    """Key ``[schema, model]``; group by layer, and by domain in the marts; tests are asset checks."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """The asset of a model, a seed or a source."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = (manifest["sources"] if unique_id.startswith("source.") else manifest["nodes"])[unique_id]
        name = node.get("alias") or node["name"]
        replaced = spec.replace_attributes(
            key=[node["schema"], name], group_name=_group(node), description=node["description"] or None
        )
        if node["resource_type"] == "source":
            return replaced
        return replaced.replace_attributes(
            automation_condition=when_upstream_is_ready, freshness_policy=read_daily, owners=["team:finance"]
        ).merge_attributes(tags={"layer": node["schema"], "domain": _group(node)})


def _group(node: Mapping[str, Any]) -> str:
    """``xero`` for a source, ``staging_xero``, ``core``, and the domain for a mart."""
    if node["resource_type"] == "source":
        return str(node["source_name"])
    folders = node["fqn"][1:-1]
    return "_".join(folders) if folders[:1] == ["staging"] else str(folders[-1] if folders else node["schema"])
