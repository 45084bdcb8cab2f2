"""What whoever runs the injector decides for all pods; a pod's own annotations win over it.

Read from a YAML file by the webhook and by `drift-sidecar inject --config`. This module must not look at pods.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta

from sidecar import __version__
from sidecar.errors import SettingsError, UserError
from sidecar.settings import load

Port = Annotated[int, Meta(ge=1, le=65_535)]
Mode = Literal["take-over", "loopback", "shift"]
Native = Literal["auto", "yes", "no"]
Mesh = Literal["auto", "istio", "linkerd", "none"]
Quantity = Annotated[str, Meta(pattern=r"^(([0-9]+|[0-9]*\.[0-9]+)([numkMGTPE]|Ki|Mi|Gi|Ti|Pi|Ei)?)?$", max_length=20)]
"""An amount as Kubernetes writes it; empty means that none is set."""
SecretName = Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
Version = Annotated[str, Meta(pattern=r"^v?[0-9]+\.[0-9]+([.+-].*)?$")]


class Refused(UserError):  # noqa: N818  # an answer to the pod's author, not a fault
    """A pod that asks for what cannot be done. Names the annotation or field, the reason and the mend."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Defaults for every pod that is patched."""

    image: Annotated[str, Meta(min_length=1)] = f"drift-sidecar:{__version__}"
    """Image of the sidecar."""
    image_pull_policy: Literal["", "Always", "IfNotPresent", "Never"] = ""
    """Empty means what Kubernetes makes of the image's tag."""
    image_pull_secrets: tuple[SecretName, ...] = ()
    """Secrets of the pod's own namespace by which the sidecar's image is pulled. They join the pod's, which the API server has
    filled from its ServiceAccount by then; in manifests they take the place of the ServiceAccount's, so name those too."""
    kubernetes_version: Version | None = None
    """Version of the cluster, such as "1.33"; None means unknown, and then no pod gets a native sidecar by itself."""
    native: Native = "auto"
    """Whether the sidecar is an init container that restarts; `auto` means on 1.33 and later."""
    invalid: Literal["refuse", "admit"] = "refuse"
    """What becomes of a pod with a wrong annotation: refused, or left without a sidecar and with a warning."""
    traffic: Mode = "take-over"
    """How traffic gets to the sidecar where the pod does not say. Pods of KServe and Knative are shifted."""
    mesh: Mesh = "auto"
    """Whose port annotations are written; `auto` means those of the mesh that the pod itself shows."""
    host: Literal["0.0.0.0", "[::]"] = "0.0.0.0"  # noqa: S104  # a pod is reached from outside
    """Where the sidecar listens, for the other form on clusters that have IPv6 only."""
    port: Port = 9480
    """Where the sidecar takes traffic, unless it takes the model's own number."""
    admin_port: Port = 9481
    """Health, metrics and the live page."""
    cpu_request: Quantity = "50m"
    memory_request: Quantity = "128Mi"
    cpu_limit: Quantity = ""
    """Empty means none: a limit throttles, and throttling is latency."""
    memory_limit: Quantity = "512Mi"
    settings: dict[str, Any] = {}
    """Settings of the sidecar by dotted key, such as `drift.material_psi`."""


def read_options(path: str) -> Options:
    """Options of a YAML file. Raises SettingsError, which names the file, the reason and the mend."""
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, f"cannot be read ({error})", "Give the path of a YAML file") from error
    except yaml.YAMLError as error:
        raise SettingsError(path, f"is not YAML ({error})", "Mend the file at the place named") from error
    return convert_options(tree or {}, path)


def convert_options(tree: Any, source: str) -> Options:
    """Options of plain values, checked. `source` is what a SettingsError names."""
    try:
        options = msgspec.convert(tree, Options)
    except msgspec.ValidationError as error:
        mend = f"Known are {', '.join(Options.__struct_fields__)}"
        raise SettingsError(source, str(error), mend) from error
    load(None, {}, options.settings)
    return options


def at_least(version: str | None, minor: int) -> bool | None:
    """Whether a cluster is of version 1.`minor` or later; None if nobody knows."""
    found = re.match(r"v?(\d+)\.(\d+)", version or "")
    return (int(found[1]), int(found[2])) >= (1, minor) if found else None
