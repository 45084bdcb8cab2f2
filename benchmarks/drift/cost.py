"""What a row costs beside an earlier commit: `python -m benchmarks.drift.cost --commit e301703`.

Blocks of 16, 64 and 256 rows of 20 features that do not change, as bins (evidence and verdicts alone), and as a decoded message
each, which is binned first and whose rows are shuffled: CPU time of a row. The earlier commit is
checked out into a temporary folder. Both take turns, and the least of all turns counts, since others use the machine too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCKS = (16, 64, 256)
WAYS = ("evidence and verdicts", "a message of so many, decoded")
SCRIPT = """
import importlib, json, pathlib, time
import numpy as np
from sidecar.settings import DriftSettings, Settings
def module(name):  # where it is depends on the commit
    path = next(pathlib.Path("sidecar/core").rglob(name + ".py"))
    return importlib.import_module(".".join(path.with_suffix("").parts))
policy, Watch = module("policy").policy, module("watch").Watch
Frame, Side = module("frame").Frame, module("frame").Side
rng = np.random.default_rng(1)
names = tuple(f"x{at}" for at in range(20))
builder = module("builder").Builder()
builder.add(Frame(Side.INPUT, names, 10_000, 20, rng.normal(size=200_000)))
profile = builder.build().sides[Side.INPUT]
binner = module("binner").Binner(profile.features)
found = {}
for size in BLOCKS:
    frames = [Frame(Side.INPUT, names, size, 20, rng.normal(size=size * 20)) for _ in range(64)]
    codes = [binner.bin(frame.values, size, 20, range(20)).codes for frame in frames]
    for what in WAYS:
        side = Watch(Side.INPUT, profile, Settings(), policy(DriftSettings(), 21, 100), 0.0)
        times, now = [], 0.0
        for turn in range(12):
            began = time.process_time()
            for frame, some in zip(frames, codes):
                now += 0.03
                side.take_codes(some, now) if what == WAYS[0] else side.take([frame], now)
            times.append(time.process_time() - began)
        found[f"{size}, {what}"] = min(times[2:]) / size / len(frames) * 1e6
print(json.dumps(found))
"""


def microseconds(checkout: Path) -> dict[str, float]:
    """Of a row, by the rows of a block and by what is done with them."""
    script = SCRIPT.replace("BLOCKS", repr(BLOCKS)).replace("WAYS", repr(WAYS))
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commit", default="e301703")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        earlier = Path(folder) / "earlier"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(earlier), options.commit], check=True)
        try:
            turns = [(microseconds(Path.cwd()), microseconds(earlier)) for _ in range(options.turns)]
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(earlier)], check=True)
    print(f"| rows of a block, work | us a row | at {options.commit} | ratio |\n|---|---|---|---|")
    for size in turns[0][0]:
        now, before = (min(turn[which][size] for turn in turns) for which in (0, 1))
        print(f"| {size} | {now:.2f} | {before:.2f} | {now / before:.2f} |")


if __name__ == "__main__":
    main()
