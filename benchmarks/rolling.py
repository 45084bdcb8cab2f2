"""Does replacing a pod cost a request? `python -m benchmarks.rolling [--rounds 20]`: real pods, under load, one of two replaced.

What a cluster does at the end of a pod is done here in its order: the preStop hooks of both containers at once (`drift-sidecar
drain`, and GET /drained for the model), then SIGTERM; a native sidecar gets it after the model has ended, a regular one at the
beginning. The model ends at once on SIGTERM, one request in twenty takes it two seconds, and clients hear that the pod is going
half a second late, as they do in a cluster. `careless` is the control: both containers get SIGTERM at once and no hook runs, so
requests must fail. Needs podman, root and the image that `pytest tests/image` builds.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from harness.podman import Podman
from harness.rolling import Order, replaced


def main() -> None:
    """Print a line for each order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        podman = Podman(Path(folder))
        for order in Order:
            answered, failed = replaced(podman, Path(folder), arguments.rounds, order)
            kinds = ", ".join(f"{count} x {fault}" for fault, count in Counter(failed).most_common(3))
            print(
                f"{order}: {arguments.rounds} pods replaced, {answered:,} requests answered, {len(failed)} failed {kinds}"
            )


if __name__ == "__main__":
    main()
