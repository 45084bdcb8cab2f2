"""Keeps a served certificate fresh: from the Secret that replicas share, or from files that somebody else renews.

A keeper is asked to look every half minute. What it finds amiss it mends at once, so a webhook configuration that
a deployment tool has put back is trusted again by the next look.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sidecar.inject.certificates import CertificateError, Kept, Pair, advance, expiry, trusts, use
from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.shape import Json

_CONFLICT = (409, 422)
"""Another replica was first: by its resourceVersion, or by the `test` of a patch."""


class Keeper(Protocol):
    """What the webhook asks for its certificate."""

    async def look(self) -> float:
        """Bring the certificate up to date; returns the Unix time until which it is valid.

        Raises ClusterError or CertificateError, and then the certificate of before is still served.
        """


class FileKeeper:
    """A certificate and a key that are mounted, and renewed by cert-manager or by hand."""

    def __init__(self, context: ssl.SSLContext, certificate: str, key: str) -> None:
        self._context = context
        self._paths = (Path(certificate), Path(key))
        self._served: Pair | None = None

    async def look(self) -> float:
        """As Keeper."""
        try:
            pair = Pair(*(path.read_bytes() for path in self._paths))
        except OSError as error:
            raise CertificateError(f"{error.filename}: cannot be read ({error.strerror})") from error
        if pair != self._served:
            use(self._context, pair)
            self._served = pair
        return expiry(pair.certificate)


class SecretKeeper:
    """Our own authority, kept in a Secret and written into the webhook configuration."""

    def __init__(
        self,
        context: ssl.SSLContext,
        cluster: Cluster,
        clock: Callable[[], datetime],
        namespace: str,
        service: str,
        webhook_config: str,
    ) -> None:
        self._context = context
        self._cluster = cluster
        self._clock = clock
        self._secret = f"/api/v1/namespaces/{namespace}/secrets/{secret_name(service)}"
        self._config = configuration_path(webhook_config)
        self._names = server_names(service, namespace)
        self.served: Pair | None = None
        """What is served, once the cluster was asked."""
        self.start()

    def start(self) -> None:
        """Serve something at once, so that the server is alive, though nobody trusts it, while the cluster is asked."""
        use(self._context, advance(None, self._names, b"", self._clock()).leaf)

    async def look(self) -> float:
        """As Keeper."""
        config = await self._cluster.get(self._config)
        kept = await self._keep(trusted_by(config))
        if kept.leaf != self.served:
            use(self._context, kept.leaf)
            self.served = kept.leaf
        await self._tell(config, kept.bundle)
        return expiry(kept.leaf.certificate)

    async def _keep(self, trusted: bytes) -> Kept:
        """The state that all replicas share. The first that finds it old renews it; the others take that."""
        secret = await self._cluster.get(self._secret)
        kept = read_secret(secret)
        wanted = advance(kept, self._names, trusted, self._clock())
        if wanted == kept:
            return wanted
        try:
            await self._cluster.update(
                self._secret, {**secret, "data": {**(secret.get("data") or {}), **_data(wanted)}}
            )
        except ClusterError as error:
            found = read_secret(await self._cluster.get(self._secret)) if error.status in _CONFLICT else None
            if found is None:
                raise
            return found
        return wanted

    async def _tell(self, config: Json, bundle: bytes) -> None:
        text = base64.b64encode(bundle).decode()
        places = [
            index
            for index, one in enumerate(config.get("webhooks") or [])
            if (one.get("clientConfig") or {}).get("caBundle") != text
        ]
        if not places:
            return
        version = config["metadata"]["resourceVersion"]
        operations: list[Json] = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}]
        operations += [{"op": "add", "path": f"/webhooks/{at}/clientConfig/caBundle", "value": text} for at in places]
        await self._cluster.patch(self._config, operations)


def secret_name(service: str) -> str:
    """The Secret that belongs to a webhook's Service."""
    return f"{service}-tls"


def configuration_path(name: str) -> str:
    """Where the API keeps a webhook configuration."""
    return f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{name}"


def server_names(service: str, namespace: str) -> list[str]:
    """DNS names of a Service; the API server asks for the first."""
    return [f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local", f"{service}.{namespace}", service]


def trusted_by(config: Json) -> bytes:
    """The authorities that every webhook of a configuration trusts, as PEM; empty if they differ or one has none."""
    bundles = {str((one.get("clientConfig") or {}).get("caBundle") or "") for one in config.get("webhooks") or []}
    return decoded(bundles.pop()) if len(bundles) == 1 else b""


def read_secret(secret: Json) -> Kept | None:
    """What a Secret keeps; None if it is not complete, or its certificate is not of its authority."""
    data = secret.get("data") or {}
    bundle, authority_key, certificate, key = (decoded(data.get(name)) for name in _KEYS)
    whole = bundle and authority_key and key and trusts(bundle, certificate)
    return Kept(bundle, authority_key, Pair(certificate, key)) if whole else None


_KEYS = ("ca.crt", "ca.key", "tls.crt", "tls.key")


def _data(kept: Kept) -> dict[str, str]:
    values = (kept.bundle, kept.authority_key, *kept.leaf)
    return {name: base64.b64encode(value).decode() for name, value in zip(_KEYS, values, strict=True)}


def decoded(text: object) -> bytes:
    """What base64 means; empty if it is none."""
    try:
        return base64.b64decode(str(text or ""), validate=True)
    except binascii.Error:
        return b""
