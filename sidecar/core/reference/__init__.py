"""From binned rows to profiles: how many rows each bin holds, in the reference and live.

`builder` makes a reference from a stream of rows, `recount_by` counts all rows into its bins, `profile_file` writes it.
A profile knows neither verdicts nor distances: `evidence` bets against it, `scores` compares with it.
"""
