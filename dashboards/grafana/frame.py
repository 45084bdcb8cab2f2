"""What all dashboards share: variables, selectors, links to one another, and marks where a verdict or a reference changed."""

from __future__ import annotations

from typing import Any, NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from dashboards.grafana.panels import SOURCE

TAG = "drift-sidecar"
MODEL = 'namespace=~"$namespace",model_name=~"$model",model_version=~"$version"'
"""Selects the models that are chosen; without Kubernetes there is no namespace, and `.*` matches that."""
POD = f'{MODEL},pod=~"$pod"'
FEATURE = f'{POD},side=~"$side",feature=~"$feature"'
FLEET = 'namespace=~"$namespace",model_name=~"$model",side=~"$side",feature=~"$feature"'
"""Selects recorded figures, in which versions and pods are added up."""


class Variable(NamedTuple):
    """One that the user chooses; `query` is what it may be."""

    name: str
    query: str
    text: str


VARIABLES = {
    "namespace": Variable("namespace", "label_values(sidecar_build_info, namespace)", "Namespace of the pods"),
    "model": Variable("model", 'label_values(sidecar_build_info{namespace=~"$namespace"}, model_name)', "The model"),
    "version": Variable(
        "version",
        'label_values(sidecar_build_info{namespace=~"$namespace",model_name=~"$model"}, model_version)',
        "Its version; several stand beside each other",
    ),
    "pod": Variable("pod", f"label_values(sidecar_build_info{{{MODEL}}}, pod)", "The pod"),
    "side": Variable("side", f"label_values(model_rows_total{{{POD}}}, side)", "What goes in, or what comes out"),
    "feature": Variable(
        "feature", f'label_values(model_reference_rows{{{POD},side=~"$side"}}, feature)', "The feature"
    ),
}


def board(uid: str, title: str, text: str, variables: tuple[str, ...]) -> dashboard.Dashboard:
    """An empty dashboard."""
    made = dashboard.Dashboard(title).uid(f"drift-sidecar-{uid}").description(text).tags([TAG]).readonly()
    made = made.refresh("30s").time("now-3h", "now").timezone("browser").tooltip(models.DashboardCursorSync.CROSSHAIR)
    source = dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    made = made.with_variable(source)
    for name in variables:
        made = made.with_variable(_variable(VARIABLES[name]))
    for name, query, colour in _marks():
        made = made.annotation(_annotation(name, query, colour))
    links = dashboard.DashboardLink("drift-sidecar").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return made.link(links.as_dropdown(True).include_vars(True).keep_time(True))


def rows(made: dashboard.Dashboard, sections: dict[str, list[Any]]) -> dashboard.Dashboard:
    """Panels under headings."""
    for heading, panels in sections.items():
        made = made.with_row(dashboard.Row(heading))
        for panel in panels:
            made = made.with_panel(panel)
    return made


def _variable(one: Variable) -> dashboard.QueryVariable:
    made = dashboard.QueryVariable(one.name).label(one.name.capitalize()).description(one.text).datasource(SOURCE)
    query: dict[str, object] = {"query": one.query, "refId": one.name, "qryType": 1}
    everything = models.VariableOption(text="All", value="$__all", selected=True)
    made = made.query(query).refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).multi(True).include_all(True)
    return made.all_value(".*").current(everything).sort(models.VariableSort.ALPHABETICAL_ASC)


def _marks() -> tuple[tuple[str, str, str], ...]:
    drift = f'model_drift_state{{{MODEL},state="drift"}}'
    now, before = (f"max by (model_name, side, feature) ({series})" for series in (drift, f"{drift} offset 1m"))
    info = f'model_reference_info{{{MODEL},source!="learning"}}'
    used, earlier = (
        f"count by (model_name, model_version, side, profile) ({series})" for series in (info, f"{info} offset 5m")
    )
    return (
        ("Verdict drift", f"{now} == 1 unless {before} == 1", "red"),
        ("Drift over", f"{now} == 0 and {before} == 1", "green"),
        ("Another reference", f"{used} unless {earlier}", "blue"),
    )


def _annotation(name: str, query: str, colour: str) -> dashboard.AnnotationQuery:
    made = dashboard.AnnotationQuery().name(name).datasource(SOURCE).enable(True).icon_color(colour)
    return made.expr(query)
