"""From frames to bins: in come rows of any values, out go bin numbers, for all features at once.

A `Feature` says which bins it has, `cuts` where they are cut, `binner` which one each value belongs to. Texts and vectors are
turned into a few numbers first (`derived`), and each row into its segment. Nothing is counted here: `reference` counts, for
reference and live alike.
"""
