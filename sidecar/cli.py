"""The command line: parses the arguments, runs one command, and returns its exit code.

`run` is PID 1 of a container and must stay light, so a command is imported only when it is asked for; this module loads
nothing but the errors and how to say them. A `SidecarError` becomes one message on stderr and its exit code. The commands are in
`sidecar/commands`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from sidecar import __version__
from sidecar.errors import SidecarError
from sidecar.plain_text import one_line

_RUN_HELP = """\
Stand between clients and a model. Traffic on 9480, health, metrics and the live page on 9481.

  drift-sidecar run --upstream 127.0.0.1:8080 --reference reference.json
  drift-sidecar run --upstream unix:/run/model.sock --set model.name=churn --set trace.endpoint=http://otel:4318/v1/traces

Every setting can also be given in the environment (SIDECAR_TAP_BODY_LIMIT_BYTES) or in a YAML file (--config);
`drift-sidecar check` lists them all.
"""
_PROFILE_HELP = """\
Make a reference profile of CSV, Parquet or JSON-lines files, or of captured exchanges.

  drift-sidecar profile train.csv --outputs prediction -o reference.json
  drift-sidecar profile part-*.parquet --kind zip_code=categorical --exclude id -o reference.json
  drift-sidecar profile german.csv --decimal , --thousands . --null k.A. --kind bought=time:dmy -o reference.json
  drift-sidecar profile train.csv --segment-by country -o reference.json
  drift-sidecar profile train.csv --season hour_of_week --time-column at -o reference.json
  drift-sidecar profile train.csv --constraints -o reference.json
  drift-sidecar profile merge january.json february.json -o reference.json
  drift-sidecar profile streams iris=iris.json /score=score.json -o reference.json
"""
_CONSTRAINTS_HELP = """\
What columns must keep, whatever their distributions do: shown, edited, derived, and as other tools write them.

  drift-sidecar constraints reference.json -o constraints.json            to be edited
  drift-sidecar constraints reference.json --from constraints.json -o reference.json
  drift-sidecar constraints reference.json --derive -o reference.json
  drift-sidecar constraints reference.json --export sagemaker -o constraints.json

--from also reads SageMaker's constraints.json and schemas of TFDV in JSON. What a format cannot say is told on stderr.
"""
_COMPARE_HELP = """\
Say how far data (a file as `profile` takes it, or another profile) is from a reference profile.

  drift-sidecar compare reference.json last-week.csv
  drift-sidecar compare reference.json last-week.csv --json --fail-on drift
  drift-sidecar compare reference.json last-week.csv --fail-on violated     heeds constraints alone
"""
_REPLAY_HELP = """\
Run captured exchanges through the same core that watches live traffic, at the times they had: to see what a policy
would have said before it pages anyone.

  drift-sidecar replay capture.jsonl --reference reference.json --set drift.material_psi=0.2
"""
_CHECK_HELP = """\
Validate settings and reference, and print every setting in force and where it came from.

  drift-sidecar check --config sidecar.yaml --reference reference.json
  drift-sidecar check --admin 127.0.0.1:9481      and how the sidecar that runs there is; exit code 1 if something is wrong now
"""
_BUNDLE_HELP = """\
What a running sidecar says of itself, in one archive for a report: health, status, settings, features with their verdicts,
changes, the last faults, counters and versions. No payload is in it, and no credentials of settings.

  drift-sidecar bundle -o bundle.tar.gz                             the sidecar of this pod
  drift-sidecar bundle --admin 10.0.3.7:9481 -o bundle.tar.gz
"""
_ACCEPT_HELP = """\
Take the live rows since a time as the next reference, when the model's input is different for good. Nothing is changed by it
but the file that you write, or the ConfigMap that you apply: the sidecar takes either up where its `reference` is read.

  drift-sidecar accept -o reference.json                      since the first verdict that stands
  drift-sidecar accept --admin 10.0.3.7:9481 --since 6h -o reference.json
  drift-sidecar accept --since 2026-11-25T08:00 --config-map fraud/fraud-reference | kubectl apply -f -
"""
_DEMO_HELP = """\
A real model, the sidecar before it, and real traffic that drifts half-way. Needs the extra `demo`.

  drift-sidecar demo                 until Ctrl-C
  drift-sidecar demo --seconds 90    ends by itself; exit code 0 only if it alarmed after the change and not before
"""
_DRAIN_HELP = """\
Tell the sidecar of this pod that the pod will end: it is no longer ready, lets connections go, and serves on until SIGTERM.

  drift-sidecar drain                it knows the port from the environment, as `run` does
  drift-sidecar drain --end          the pod stays after all
"""
_INJECT_HELP = """\
Add the sidecar to manifests: Pods, Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, CronJobs, Lists, and
InferenceServices that name their containers. Everything else passes as it is, and so do comments, order and quotes.

  drift-sidecar inject -f deployment.yaml --image registry.example/drift-sidecar:0.1.0 | kubectl apply -f -
  kubectl kustomize . | drift-sidecar inject -f - --kubernetes-version 1.33 > injected.yaml
  drift-sidecar inject -f injected.yaml --remove

Annotations of the pod say how: docs/annotations.md. A second run brings the sidecar up to date and changes nothing else.
"""
_WEBHOOK_HELP = """\
Add the sidecar to pods as they are created: the admission webhook. `k8s/chart` installs it. Needs the extra `webhook`.

  drift-sidecar webhook --namespace drift-sidecar --service drift-sidecar-webhook --webhook-config drift-sidecar-webhook

Reviews come to /mutate over TLS; /livez, /readyz and /metrics are on the same port. Without --cert it makes its own
certificate, keeps it in the Secret SERVICE-tls, renews it, and writes the authority into the webhook configuration.
"""
_DOCTOR_HELP = """\
Say which pods should have a sidecar and have none, which Services go past one, and whether the webhook is in order.
Exit code 0 if all is in order, 1 if something is wrong, 2 if the cluster, or what was asked for, cannot be read.

  drift-sidecar doctor                        the cluster of the kubeconfig, or the one that this pod is in
  drift-sidecar doctor --namespace fraud
  drift-sidecar doctor -f deployment.yaml -f service.yaml
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command (of `sys.argv` by default); returns its exit code."""
    options = make_parser().parse_args(arguments)
    command = importlib.import_module(f"sidecar.commands.{options.command}")
    try:
        code: int = command.execute(options)
    except SidecarError as error:
        print(f"drift-sidecar {options.command}: {_said(error)}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _said(error: SidecarError) -> str:
    """The message, which may have lines and repeat what was given, without credentials and control characters."""
    return "\n".join(map(one_line, str(error).split("\n")))


def make_parser() -> argparse.ArgumentParser:
    """Every command and its arguments."""
    parser = argparse.ArgumentParser(
        prog="drift-sidecar",
        description="Measures what goes into a model and comes out of it, and says when it drifts.",
    )
    parser.add_argument("--version", action="version", version=f"drift-sidecar {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_settings(_add(commands, "run", "run the sidecar", _RUN_HELP), addresses=True)
    _add_profile(_add(commands, "profile", "make a reference profile of data", _PROFILE_HELP))
    _add_constraints(_add(commands, "constraints", "show or change what columns must keep", _CONSTRAINTS_HELP))
    _add_compare(_add(commands, "compare", "compare data with a reference profile", _COMPARE_HELP))
    replay = _add(commands, "replay", "run captured exchanges through the core", _REPLAY_HELP)
    replay.add_argument("capture", metavar="CAPTURE", help="file or directory written by the capture sink")
    replay.add_argument("--json", action="store_true", help="one JSON object a line instead of text")
    _add_settings(replay, addresses=False)
    check = _add(commands, "check", "validate and print the settings", _CHECK_HELP)
    check.add_argument("--json", action="store_true", help="print JSON")
    _add_settings(check, addresses=True)
    _add_accept(_add(commands, "accept", "take live rows as the next reference", _ACCEPT_HELP))
    bundle = _add(commands, "bundle", "what a running sidecar says of itself, for a report", _BUNDLE_HELP)
    _add_admin(bundle)
    bundle.add_argument("-o", "--output", metavar="FILE", required=True, help="the archive to write (tar.gz)")
    drain = _add(commands, "drain", "begin to drain, without leaving", _DRAIN_HELP)
    _add_admin(drain)
    drain.add_argument("--end", action="store_true", help="end a drain that was begun so: serve as before")
    _add_inject(_add(commands, "inject", "add the sidecar to manifests", _INJECT_HELP))
    _add_webhook(_add(commands, "webhook", "add the sidecar to pods as they are created", _WEBHOOK_HELP))
    _add_doctor(_add(commands, "doctor", "find pods without a sidecar, and ways past one", _DOCTOR_HELP))
    demo = _add(commands, "demo", "show it all on real data that drifts", _DEMO_HELP)
    demo.add_argument("--seconds", type=float, metavar="N", help="end by itself after about N seconds")
    return parser


def _add(commands: Any, name: str, summary: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    return parser


def _add_settings(parser: argparse.ArgumentParser, addresses: bool) -> None:
    if addresses:
        parser.add_argument("--upstream", metavar="HOST:PORT", help="the model (or unix:/path)")
        parser.add_argument("--listen", metavar="HOST:PORT", help="where traffic comes in (0.0.0.0:9480)")
        parser.add_argument("--admin", metavar="HOST:PORT", help="health, metrics, live page (0.0.0.0:9481)")
    parser.add_argument("--reference", metavar="FILE", help="reference profile; without one, one is learned")
    parser.add_argument("--config", metavar="FILE", help="settings as YAML")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="any setting; repeatable")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--outputs", metavar="NAMES", default="", help="columns that the model answers with: a,b")
    parser.add_argument("--exclude", metavar="NAMES", default="", help="columns to leave out: a,b")
    parser.add_argument(
        "--config", metavar="FILE", help="settings of the sidecar, by which captures are read (`decode`)"
    )
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="one of them; repeatable")


def _add_profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", nargs="+",
                        help="CSV, Parquet, JSON lines, or a capture; or `merge` and profiles")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="where to write the profile")
    parser.add_argument("--kind", metavar="NAME=KIND", action="append", default=[],
                        help="numeric, categorical, boolean, text, vector or time, where the values mislead; time:s, ms, "
                        "us or ns of numbers since 1970, time:dmy or time:mdy of dates with slashes; repeatable")  # fmt: skip
    parser.add_argument("--null", metavar="TEXTS", action="append", default=[],
                        help="texts that mean missing in every column, beside the empty one, and beside NA, null and "
                        "the like among numbers: a,b; repeatable")  # fmt: skip
    parser.add_argument(
        "--decimal",
        metavar="[NAME=]SIGN",
        action="append",
        default=[],
        help="the decimal sign of all columns, or of one: . or ,; repeatable",
    )
    parser.add_argument(
        "--thousands",
        metavar="[NAME=]SIGN",
        action="append",
        default=[],
        help="what groups the digits of all columns, or of one: , . ' or a space; repeatable",
    )
    parser.add_argument(
        "--include",
        metavar="NAMES",
        action="append",
        default=[],
        help="columns to keep though they look like identifiers or an index: a,b; repeatable",
    )
    parser.add_argument("--min-category-rows", type=_at_least(1), default=20, metavar="N",
                        help="categories of fewer rows, or of under 0.1 %%, are counted together and never named "
                        "(default: 20)")  # fmt: skip
    parser.add_argument("--strict", action="store_true", help="fail where a column is suspicious, and write nothing")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--sample", type=_at_least(1000), default=200_000, metavar="N",
                        help="rows kept to find the bins of numbers; all rows are counted (default: 200000)")  # fmt: skip
    parser.add_argument("--name", default="", help="what to call the reference (default: the file's name)")
    parser.add_argument("--importance", metavar="FILE", default="",
                        help="JSON object of weights by feature: features are ranked by effect times importance")  # fmt: skip
    parser.add_argument("--bins-of", metavar="REFERENCE", default="",
                        help="count into the bins of this profile, so that both can be merged")  # fmt: skip
    parser.add_argument("--season", choices=["hour_of_day", "day_of_week", "hour_of_week"], default="",
                        help="count each hour of the day, day or hour of the week apart as well")  # fmt: skip
    parser.add_argument("--time-column", metavar="NAME", default="", help="when each row was, for --season; no feature")
    parser.add_argument("--season-offset", type=float, metavar="SECONDS", default=0.0,
                        help="how far the clock that seasons go by is ahead of UTC (default: 0)")  # fmt: skip
    parser.add_argument("--segment-by", metavar="NAME", default="",
                        help="count each category of this feature apart as well, for `segments.by`")  # fmt: skip
    parser.add_argument("--constraints", metavar="FILE", nargs="?", const="", default=None,
                        help="derive what columns must keep into the reference; with FILE, write it there as well")  # fmt: skip
    parser.add_argument("--constraints-from", metavar="FILE", default="",
                        help="take them of a file: ours, SageMaker's constraints.json, or a TFDV schema in JSON")  # fmt: skip
    _add_data(parser)


def _add_constraints(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REFERENCE", help="profile made by `drift-sidecar profile`")
    parser.add_argument("--from", metavar="FILE", default="", dest="taken_from",
                        help="take the constraints of this file, in any of the three formats")  # fmt: skip
    parser.add_argument("--derive", action="store_true", help="derive constraints from the reference's rows")
    parser.add_argument("--export", choices=("own", "sagemaker", "tfdv"), default="", help="write them in this format")
    parser.add_argument("--stream", default="", metavar="NAME", help="of a reference of several streams: this one")
    parser.add_argument("-o", "--output", metavar="FILE", default="",
                        help="where to write: the constraints, or with --from and --derive the reference")  # fmt: skip


def _add_inject(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-f", "--file", metavar="FILE", action="append", required=True,
                        help="manifests as YAML or JSON, - for stdin; repeatable")  # fmt: skip
    parser.add_argument("--remove", action="store_true", help="take the sidecar, and all that came with it, out again")
    parser.add_argument("--image", metavar="IMAGE", help="the sidecar's image")
    parser.add_argument(
        "--kubernetes-version", metavar="VERSION", help="of the cluster; from 1.33 on: a native sidecar"
    )
    parser.add_argument("--native", choices=("auto", "yes", "no"), help="whether the sidecar is a native one")
    parser.add_argument("--traffic", choices=("take-over", "loopback", "shift"), help="how traffic gets to the sidecar")
    parser.add_argument("--namespace", metavar="NAME", default="", help="of objects that name none")
    parser.add_argument("--config", metavar="FILE", help="all options of the injector as YAML")


def _add_webhook(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen", metavar="HOST:PORT", default="0.0.0.0:8443", help="where reviews come (0.0.0.0:8443)"
    )  # a pod is reached from outside
    parser.add_argument("--config", metavar="FILE", help="options of the injector as YAML")
    parser.add_argument("--namespace", metavar="NAME", required=True, help="the webhook's own, which it leaves alone")
    parser.add_argument("--service", metavar="NAME", required=True, help="the Service before it, in that namespace")
    parser.add_argument("--webhook-config", metavar="NAME", required=True,
                        help="the MutatingWebhookConfiguration that it writes its authority into")  # fmt: skip
    parser.add_argument("--cert", metavar="FILE", default="", help="a certificate that somebody else renews")
    parser.add_argument("--key", metavar="FILE", default="", help="and its key")
    parser.add_argument("--revision", metavar="NAME", default="",
                        help="look after namespaces labelled drift-sidecar/revision=NAME, instead of those without")  # fmt: skip


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-f", "--file", metavar="FILE", action="append", default=[],
                        help="look at manifests instead of a cluster, - for stdin; repeatable")  # fmt: skip
    parser.add_argument(
        "--kubeconfig", metavar="FILE", default="", help="default: the files of $KUBECONFIG, or ~/.kube/config"
    )
    parser.add_argument("--context", metavar="NAME", default="", help="of the kubeconfig, instead of the current one")
    parser.add_argument("--namespace", metavar="NAME", default="",
                        help="look at this one only; of manifests: the one of objects that name none")  # fmt: skip
    parser.add_argument("--webhook-config", metavar="NAME", default="drift-sidecar-webhook",
                        help="the MutatingWebhookConfiguration (drift-sidecar-webhook)")  # fmt: skip
    parser.add_argument("--config", metavar="FILE", help="options of the injector as YAML, as the webhook has them")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_admin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--admin", metavar="HOST:PORT", help="where the sidecar is asked (0.0.0.0:9481)")
    parser.add_argument("--token-file", metavar="FILE", help="its access.token_file, if it has one")


def _add_accept(parser: argparse.ArgumentParser) -> None:
    _add_admin(parser)
    parser.add_argument("--since", metavar="TIME", default="drift",
                        help="6h, 2d, a moment in ISO 8601, or drift: since the first verdict that stands (drift)")  # fmt: skip
    parser.add_argument("--by", metavar="NAME", default="", help="who accepts it, for its lineage (the user's name)")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("-o", "--output", metavar="FILE", default="", help="write the profile here")
    where.add_argument("--config-map", metavar="[NAMESPACE/]NAME", default="",
                       help="print a ConfigMap with the profile as reference.json")  # fmt: skip


def _at_least(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is less than {least}")
        return number

    return whole


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REFERENCE", help="profile made by `drift-sidecar profile`")
    parser.add_argument("--stream", default="", metavar="NAME", help="compare only this stream of the reference")
    parser.add_argument("live", metavar="LIVE", help="data file or profile")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--html", metavar="FILE", default="", help="write the report as one HTML file as well")
    parser.add_argument("--fail-on", choices=("drift", "warning", "violated", "never"), default="never",
                        help="exit with 1 if any feature is in this state or worse or any constraint is violated, with 2 "
                             "if there are too few rows to judge any; `violated` heeds constraints alone "
                             "(default: never)")  # fmt: skip
    parser.add_argument("--material-psi", type=float, default=0.1, metavar="PSI",
                        help="the effect that matters, as PSI without small-sample bias (default: 0.1)")  # fmt: skip
    parser.add_argument("--material-rate-difference", type=float, default=0.005, metavar="D",
                        help="the least change of a rate (missing, new, far or rare values) that matters, together with the "
                             "ratio (default: 0.005)")  # fmt: skip
    parser.add_argument("--material-rate-ratio", type=float, default=1.75, metavar="K",
                        help="how many times as large or small such a rate must be (default: 1.75)")  # fmt: skip
    parser.add_argument("--material-rate-shift", type=float, default=0.075, metavar="D",
                        help="the change of the rate of missing, new or far values that matters whatever the ratio "
                             "(default: 0.075)")  # fmt: skip
    parser.add_argument("--material-correlation", type=float, default=0.1, metavar="R",
                        help="the change of a correlation that matters (default: 0.1)")  # fmt: skip
    _add_data(parser)


if __name__ == "__main__":
    sys.exit(main())
