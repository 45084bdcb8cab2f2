"""From two profiles to distances: measures, p-values for a single look, and what changed in words.

In come counts of the same bins for reference and live, out go scores with the rows behind them. Nothing here keeps state or
looks twice: whoever looks often needs `evidence`, beside this room.
"""
