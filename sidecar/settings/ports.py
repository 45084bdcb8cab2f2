"""Settings of the ports: who may ask the admin port.

The attribute docstrings are the manual, here and in the neighbours: see the package.
"""

from __future__ import annotations

from sidecar.settings.types import ReadFile, Section


class AccessSettings(Section, frozen=True):
    token_file: ReadFile = ""
    """File with the token that the admin port asks for (`Authorization: Bearer`, or the password of Basic, which browsers
    ask for), so that a Secret can be mounted; it is read again when it changes. Health needs none. Empty means that whoever
    reaches the port may read."""
    open_metrics: bool = True
    """With a token: answer `/metrics` without it. Switch it off where Prometheus sends the token (`authorization`). On by
    default, since most scrape without credentials."""
    hosts: tuple[str, ...] = ()
    """Further names by which the admin port is asked, e.g. `model.example.com`, as `Host` has them. Addresses, `localhost`,
    names without a dot and names of a cluster (`*.svc`, `*.cluster.local`, `*.internal`) are known; others are refused, since
    a web page can make its own name lead here."""
