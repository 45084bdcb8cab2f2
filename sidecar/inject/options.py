"""Options of the injector: the defaults for all pods, which a pod's annotations override.

Read from a YAML file by the webhook and by `drift-sidecar inject --config`. This module must not look at pods. Neighbour:
`annotations`, which does.
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
from sidecar.settings.load import load

Port = Annotated[int, Meta(ge=1, le=65_535)]
Mode = Literal["take-over", "loopback", "shift"]
Native = Literal["auto", "yes", "no"]
Mesh = Literal["auto", "istio", "linkerd", "none"]
Quantity = Annotated[str, Meta(pattern=r"^(([0-9]+|[0-9]*\.[0-9]+)([numkMGTPE]|Ki|Mi|Gi|Ti|Pi|Ei)?)?$", max_length=20)]
"""A quantity as Kubernetes writes it, such as `500m` or `1Gi`; empty means unset."""
SecretName = Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
Version = Annotated[str, Meta(pattern=r"^v?[0-9]+\.[0-9]+([.+-].*)?$")]


class Refused(UserError):  # noqa: N818  # an answer to the pod's author, not an internal error
    """A pod that asks for what cannot be done. Names the annotation or field, the reason and the fix."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Defaults for every pod."""

    image: Annotated[str, Meta(min_length=1)] = f"drift-sidecar:{__version__}"
    """Image of the sidecar."""
    image_pull_policy: Literal["", "Always", "IfNotPresent", "Never"] = ""
    """Empty leaves it to Kubernetes, which decides by the image's tag."""
    image_pull_secrets: tuple[SecretName, ...] = ()
    """Secrets, in the pod's namespace, for pulling the sidecar's image. At admission they are added to those that the API server
    has already copied from the ServiceAccount. In manifests they replace those of the ServiceAccount, so name these too."""
    kubernetes_version: Version | None = None
    """Version of the cluster, such as "1.33". None means unknown: then `native: auto` means no."""
    native: Native = "auto"
    """Whether the sidecar is an init container that restarts; `auto` means on 1.33 and later."""
    invalid: Literal["refuse", "admit"] = "refuse"
    """What happens to a pod with a wrong annotation: it is refused, or admitted without a sidecar and with a warning."""
    traffic: Mode = "take-over"
    """How traffic gets to the sidecar where no annotation says so. For pods of KServe and Knative the default is `shift`."""
    mesh: Mesh = "auto"
    """Whose port annotations are written; `auto` detects the mesh in the pod."""
    host: Literal["0.0.0.0", "[::]"] = "0.0.0.0"  # noqa: S104  # a pod is reached from outside
    """Where the sidecar listens; `[::]` is for clusters with IPv6 only."""
    port: Port = 9480
    """Where the sidecar takes traffic, for `take-over`; the other ways use the model's own port."""
    admin_port: Port = 9481
    """Port of health, metrics and the live page."""
    cpu_request: Quantity = "50m"
    memory_request: Quantity = "128Mi"
    cpu_limit: Quantity = ""
    """Empty means none, since a limit throttles, and throttling is latency."""
    memory_limit: Quantity = "512Mi"
    settings: dict[str, Any] = {}
    """Settings of the sidecar by dotted key, such as `drift.material_psi`."""


def read_options(path: str) -> Options:
    """Options of a YAML file. Raises SettingsError, which names the file, the reason and the fix."""
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, f"cannot be read ({error})", "Give the path of a YAML file") from error
    except yaml.YAMLError as error:
        raise SettingsError(path, f"is not YAML ({error})", "Fix the file at the place named") from error
    return convert_options(tree or {}, path)


def convert_options(tree: Any, source: str) -> Options:
    """Options of plain values, checked. Raises SettingsError, which names `source`."""
    try:
        options = msgspec.convert(tree, Options)
    except msgspec.ValidationError as error:
        fix = f"Known are {', '.join(Options.__struct_fields__)}"
        raise SettingsError(source, str(error), fix) from error
    load(None, {}, options.settings)
    return options


def at_least(version: str | None, minor: int) -> bool | None:
    """Whether a version is 1.`minor` or later; None if it is None."""
    found = re.match(r"v?(\d+)\.(\d+)", version or "")
    return (int(found[1]), int(found[2])) >= (1, minor) if found else None
