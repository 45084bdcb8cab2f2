"""`drift-sidecar webhook`: adds the sidecar to pods as they are created. Needs the extra `webhook`."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import signal
import socket
import sys
from contextlib import AsyncExitStack

import uvloop

from sidecar.errors import UserError
from sidecar.inject.cluster import Cluster, in_cluster
from sidecar.inject.options import Options, read_options
from sidecar.proxy.address import bind, parse_address


def execute(options: argparse.Namespace) -> int:
    """Serve until SIGTERM. Raises UserError for what cannot be read, or listened on."""
    if importlib.util.find_spec("cryptography") is None:
        raise UserError("webhook", "needs cryptography, which is not installed", "Install drift-sidecar[webhook]")
    if bool(options.cert) != bool(options.key):
        raise UserError("--cert and --key", "one is given without the other", "Give both, or neither")
    injected = read_options(options.config) if options.config else Options()
    with bind("listen", parse_address("listen", options.listen)) as listener:
        uvloop.run(_serve(listener, options, injected))
    return 0


async def _serve(listener: socket.socket, flags: argparse.Namespace, options: Options) -> None:
    from sidecar.inject.webhook import Arguments, Intervals, serve
    from sidecar.inject.webhook_log import capture_libraries, make_log

    arguments = Arguments(flags.namespace, flags.service, flags.webhook_config, flags.cert, flags.key, flags.revision)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    log = make_log(sys.stdout.buffer)
    access = in_cluster()
    async with AsyncExitStack() as stack:
        stack.enter_context(capture_libraries(log))
        cluster = await stack.enter_async_context(Cluster(access)) if access else None
        await serve(listener, arguments, options, cluster, log, ended, Intervals())
