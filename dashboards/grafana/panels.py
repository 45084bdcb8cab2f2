"""The few kinds of panels that the dashboards are made of, each with a title, a description and a unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from grafana_foundation_sdk.builders import (
    barchart,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
)
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
STATES = {
    0: ("insufficient", "gray"),
    1: ("ok", "green"),
    2: ("warning", "yellow"),
    3: ("drift", "red"),
    4: ("mismatch", "purple"),
}
"""What the numbers of `state_of` stand for."""


class Query(NamedTuple):
    """An expression and how its series are called."""

    expr: str
    legend: str = ""
    exemplar: bool = False


def state_of(labels: str, selector: str, metric: str = "model_drift_state") -> str:
    """The worst verdict by some labels as a number of `STATES`."""
    series = {state: f'{metric}{{{selector},state="{state}"}}' for state in ("ok", "warning", "drift", "mismatch")}
    worst = f"{series['ok']} or 2 * {series['warning']} or 3 * {series['drift']} or 4 * {series['mismatch']}"
    return f"max by ({labels}) ({worst})"


def graph(
    title: str, text: str, unit: str, *queries: Query, limits: Sequence[float] = (), stacked: bool = False
) -> Any:
    """Lines over time; `limits` are drawn: yellow, then red."""
    panel = timeseries.Panel().title(title).description(text).unit(unit).height(8).span(8).datasource(SOURCE)
    panel = panel.legend(
        VizLegendOptions().display_mode(common.LegendDisplayMode.LIST).placement(common.LegendPlacement.BOTTOM)
    )
    panel = panel.fill_opacity(25 if stacked else 5).span_nulls(False)
    if stacked:
        panel = panel.stacking(StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if limits:
        style = GraphThresholdsStyleConfig().mode(common.GraphTresholdsStyleMode.LINE)
        panel = panel.thresholds(thresholds(limits)).thresholds_style(style)
    for at, query in enumerate(queries):
        panel = panel.with_target(_range(at, query))
    return panel


def number(title: str, text: str, unit: str, query: Query, limits: Sequence[float] = ()) -> Any:
    """One figure, as of now."""
    panel = stat.Panel().title(title).description(text).unit(unit).height(4).span(4).datasource(SOURCE)
    panel = panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    return panel.thresholds(thresholds(limits)).with_target(_instant(0, query, PromQueryFormat.TIME_SERIES))


def timeline(title: str, text: str, query: Query) -> Any:
    """The state of each series over time."""
    panel = statetimeline.Panel().title(title).description(text).unit("none").height(10).span(24).datasource(SOURCE)
    options = {
        str(value): models.ValueMappingResult(text=name, color=colour, index=value)
        for value, (name, colour) in STATES.items()
    }
    mapped = models.ValueMap(options=options)
    return panel.mappings([mapped]).merge_values(True).row_height(0.8).with_target(_range(0, query))


def listing(title: str, text: str, unit: str, *queries: Query, links: Sequence[dashboard.DashboardLink] = ()) -> Any:
    """A table with a column for each query and each label; times are left out."""
    panel = table.Panel().title(title).description(text).unit(unit).height(9).span(24).datasource(SOURCE)
    for at, query in enumerate(queries):
        panel = panel.with_target(_instant(at, query, PromQueryFormat.TABLE))
    panel = panel.with_transformation(_transformed("merge", {}))
    named = {f"Value #{_ref(at)}": query.legend for at, query in enumerate(queries)}
    named |= {"Value": queries[0].legend} if len(queries) == 1 else {}
    organised = {"excludeByName": {"Time": True}, "renameByName": named}
    return panel.with_transformation(_transformed("organize", organised)).data_links(list(links))


def bars(title: str, text: str, unit: str, by: str, *queries: Query) -> Any:
    """A group of bars for each value of one label, a bar for each query."""
    panel = barchart.Panel().title(title).description(text).unit(unit).height(10).span(24).datasource(SOURCE)
    for at, query in enumerate(queries):
        panel = panel.with_target(_instant(at, query, PromQueryFormat.TABLE))
    named = {f"Value #{_ref(at)}": query.legend for at, query in enumerate(queries)}
    steps = (
        _transformed("joinByField", {"byField": by, "mode": "outer"}),
        _transformed("filterFieldsByName", {"include": {"pattern": f"{by}|Value.*"}}),
        _transformed("organize", {"renameByName": named}),
    )
    for step in steps:
        panel = panel.with_transformation(step)
    return panel.x_field(by).x_tick_label_rotation(-45)


def buckets(title: str, text: str, unit: str, query: Query) -> Any:
    """A histogram over time."""
    panel = heatmap.Panel().title(title).description(text).unit(unit).height(8).span(12).datasource(SOURCE)
    return panel.calculate(False).with_target(_range(0, query).format(PromQueryFormat.HEATMAP))


def opening(title: str, url: str) -> dashboard.DashboardLink:
    """A link from a row to another dashboard."""
    return dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).tooltip(title)


def thresholds(limits: Sequence[float]) -> dashboard.ThresholdsConfig:
    """Green below the first limit, yellow to the second, red from there; red at once if there is one."""
    colours = ["yellow", "red"][-len(limits) :] if limits else []
    steps = [models.Threshold(value=None, color="green")]
    steps += [models.Threshold(value=limit, color=colour) for limit, colour in zip(limits, colours, strict=True)]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _ref(at: int) -> str:
    return chr(ord("A") + at)


def _range(at: int, query: Query) -> prometheus.Dataquery:
    made = prometheus.Dataquery().ref_id(_ref(at)).expr(query.expr).legend_format(query.legend or "__auto").range()
    return made.exemplar(True) if query.exemplar else made


def _instant(at: int, query: Query, form: PromQueryFormat) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(_ref(at)).expr(query.expr).legend_format(query.legend).instant().format(form)


def _transformed(name: str, options: dict[str, Any]) -> models.DataTransformerConfig:
    return models.DataTransformerConfig(id_val=name, options=options)
