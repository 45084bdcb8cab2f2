"""From two profiles to distances: measures, p-values for a single look, and a description of what changed.

Counts of reference and live in the same bins come in; scores with the number of rows behind them go out. Nothing here keeps state
or may be repeated on the same rows: `evidence`, beside this room, may be read any number of times.
"""
