"""From binned rows to profiles: how often each bin was hit, in the reference and live.

`builder` makes a reference from rows that stream by, `recount` counts all rows into its bins, `profile_file` writes it down. A
profile knows no verdict and no distance: `evidence` bets against it, `scores` compares it.
"""
