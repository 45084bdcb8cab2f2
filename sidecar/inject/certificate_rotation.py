"""Rotates the certificate that the webhook serves: its own one in a Secret that replicas share, or files that others renew.

`refresh` is called every half minute and repairs what it finds. So a webhook configuration whose caBundle a deployment tool
has reset is trusted again after the next refresh. Neighbour: `certificates`, which makes and checks them.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sidecar.inject.certificates import CertificateError, CertificateState, Pair, advance, expiry, trusts, use
from sidecar.inject.cluster import Cluster, ClusterError
from sidecar.inject.pod import Json

_CONFLICT = (409, 422)
"""Status if another replica was faster: by resourceVersion, or by the `test` of a JSON patch."""


class CertificateSource(Protocol):
    """Where the served certificate comes from."""

    async def refresh(self) -> float:
        """Bring the served certificate up to date; returns the Unix time at which it expires.

        Raises ClusterError or CertificateError, and then the previous certificate is still served.
        """


class FileCertificate:
    """Mounted files, renewed by cert-manager or by hand."""

    def __init__(self, context: ssl.SSLContext, certificate: str, key: str) -> None:
        self._context = context
        self._paths = (Path(certificate), Path(key))
        self._served: Pair | None = None

    async def refresh(self) -> float:
        """As CertificateSource."""
        try:
            pair = Pair(*(path.read_bytes() for path in self._paths))
        except OSError as error:
            raise CertificateError(f"{error.filename}: cannot be read ({error.strerror})") from error
        if pair != self._served:
            use(self._context, pair)
            self._served = pair
        return expiry(pair.certificate)


class SecretCertificate:
    """An authority of our own, stored in a Secret and written into the webhook configuration."""

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
        """The certificate of the Secret that is served; None before the first refresh."""
        self.start()

    def start(self) -> None:
        """Serve a provisional certificate that nobody trusts, so that the server is live before the first refresh."""
        use(self._context, advance(None, self._names, b"", self._clock()).leaf)

    async def refresh(self) -> float:
        """As CertificateSource."""
        config = await self._cluster.get(self._config)
        state = await self._share(trusted_by(config))
        if state.leaf != self.served:
            use(self._context, state.leaf)
            self.served = state.leaf
        await self._publish(config, state.bundle)
        return expiry(state.leaf.certificate)

    async def _share(self, trusted: bytes) -> CertificateState:
        """The state that all replicas share: the first replica that finds it due renews it, the others take over its result."""
        secret = await self._cluster.get(self._secret)
        state = read_secret(secret)
        wanted = advance(state, self._names, trusted, self._clock())
        if wanted == state:
            return wanted
        try:
            await self._cluster.update(
                self._secret, {**secret, "data": {**(secret.get("data") or {}), **_encoded(wanted)}}
            )
        except ClusterError as error:
            found = read_secret(await self._cluster.get(self._secret)) if error.status in _CONFLICT else None
            if found is None:
                raise
            return found
        return wanted

    async def _publish(self, config: Json, bundle: bytes) -> None:
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
    """Name of the Secret that belongs to a webhook's Service."""
    return f"{service}-tls"


def configuration_path(name: str) -> str:
    """API path of a webhook configuration."""
    return f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{name}"


def server_names(service: str, namespace: str) -> list[str]:
    """DNS names of a Service; the API server connects to the first."""
    return [f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local", f"{service}.{namespace}", service]


def trusted_by(config: Json) -> bytes:
    """The caBundle (PEM) that all webhooks of a configuration have in common; empty if they differ."""
    bundles = {str((one.get("clientConfig") or {}).get("caBundle") or "") for one in config.get("webhooks") or []}
    return decode_base64(bundles.pop()) if len(bundles) == 1 else b""


def read_secret(secret: Json) -> CertificateState | None:
    """The state in a Secret; None if it is incomplete, or its authority did not sign its certificate."""
    data = secret.get("data") or {}
    bundle, authority_key, certificate, key = (decode_base64(data.get(name)) for name in _KEYS)
    whole = bundle and authority_key and key and trusts(bundle, certificate)
    return CertificateState(bundle, authority_key, Pair(certificate, key)) if whole else None


_KEYS = ("ca.crt", "ca.key", "tls.crt", "tls.key")


def _encoded(state: CertificateState) -> dict[str, str]:
    values = (state.bundle, state.authority_key, *state.leaf)
    return {name: base64.b64encode(value).decode() for name, value in zip(_KEYS, values, strict=True)}


def decode_base64(text: object) -> bytes:
    """Decoded base64; empty if it is absent or invalid."""
    try:
        return base64.b64decode(str(text or ""), validate=True)
    except binascii.Error:
        return b""
