"""Serves the model over the Open Inference Protocol V2. An ordinary model server: it knows of no sidecar."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a few rows a request: more threads would wait for each other, spinning

import joblib
import pandas as pd
from aiohttp import web

MODEL = web.AppKey("model", object)


async def infer(request: web.Request) -> web.Response:
    """One tensor a column in, predicted delays in minutes out."""
    document = await request.json()
    table = pd.DataFrame({tensor["name"]: tensor["data"] for tensor in document["inputs"]})
    model: Any = request.app[MODEL]
    delays = [round(float(delay), 3) for delay in model.predict(table)]
    output = {"name": "predicted_delay", "datatype": "FP64", "shape": [len(delays), 1], "data": delays}
    return web.json_response({"model_name": "flights", "id": document.get("id", ""), "outputs": [output]})


async def ready(request: web.Request) -> web.Response:
    """The model is loaded."""
    return web.json_response({"ready": True})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    app = web.Application()
    app[MODEL] = joblib.load(options.model)
    app.router.add_post("/v2/models/flights/infer", infer)
    app.router.add_get("/v2/health/ready", ready)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
