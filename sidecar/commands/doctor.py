"""`drift-sidecar doctor`: pods that should have a sidecar and have none, Services that go past one, and the webhook.

Findings and failures have exit codes of their own, so that a script can tell a pod without a sidecar from a cluster that does not
answer. Rights to view suffice; what they do not reach is named.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import time
from pathlib import Path

from msgspec.structs import replace

from sidecar.commands.doctor_files import check_files
from sidecar.errors import UserError
from sidecar.inject.cluster import Access, Cluster, in_cluster
from sidecar.inject.kubeconfig import access_of, default_paths, read_kubeconfig
from sidecar.inject.options import Options, read_options
from sidecar.inject.scan import scan_cluster
from sidecar.inject.survey import Report

_NAMES = {"no_sidecar": "no sidecar", "unmet": "unmet wish", "bypassed": "bypassed", "webhook": "webhook"}
_WIDTH = max(map(len, _NAMES.values()))


def execute(options: argparse.Namespace) -> int:
    """Print what is wrong. 1 if anything is, 2 if nothing was found but not all could be read.

    Raises UserError, or ClusterError if the cluster does not answer.
    """
    if importlib.util.find_spec("cryptography") is None:
        raise UserError("doctor", "needs cryptography, which is not installed", "Install drift-sidecar[webhook]")
    injected = read_options(options.config) if options.config else Options()
    if options.file:
        checked = check_files(options.file, options.namespace or "default", injected)
    else:
        checked = asyncio.run(_check_cluster(_access(options), options, injected))
    (_print_json if options.json else _print)(checked)
    return 1 if checked.findings else 2 if checked.unread else 0


def _access(options: argparse.Namespace) -> Access:
    """As kubectl: a kubeconfig if there is one, else the pod's service account."""
    paths = [Path(options.kubeconfig)] if options.kubeconfig else default_paths()
    if any(path.exists() for path in paths):
        return access_of(read_kubeconfig(paths), options.context)
    inside = None if options.kubeconfig or options.context else in_cluster()
    if inside is None:
        named = os.pathsep.join(map(str, paths))
        raise UserError(named, "is not there, and this is no pod", "Give --kubeconfig, or manifests with -f")
    return inside


async def _check_cluster(access: Access, flags: argparse.Namespace, options: Options) -> Report:
    from sidecar.inject.webhook_check import check_webhook

    async with Cluster(access) as cluster:
        if options.kubernetes_version is None:
            options = replace(options, kubernetes_version=await cluster.version())
        webhook = await check_webhook(cluster, flags.webhook_config, time.time())
        scan = await scan_cluster(cluster, options, only=flags.namespace, installed=webhook.installed)
    where = ", ".join(scan.namespaces) or "none"
    notes = [f"namespaces whose pods are sent to the webhook: {where}", f"pods with a sidecar: {scan.with_sidecar}"]
    return Report(webhook.findings + scan.findings, webhook.notes + notes, scan.unread)


def _print(checked: Report) -> None:
    for finding in checked.findings:
        print(f"{_NAMES[finding.kind]:{_WIDTH}}  {finding.where}: {finding.why}. {finding.mend}")
    for note in checked.notes:
        print(f"{'':{_WIDTH}}  {note}")
    for what in checked.unread:
        print(f"{'not read':{_WIDTH}}  {what}")
    if not checked.findings and not checked.unread:
        print("nothing is wrong")


def _print_json(checked: Report) -> None:
    rows = [
        {"kind": one.kind, "namespace": one.namespace, "where": one.where, "why": one.why, "mend": one.mend}
        for one in checked.findings
    ]
    print(json.dumps({"findings": rows, "notes": checked.notes, "unread": list(checked.unread)}, indent=2))
