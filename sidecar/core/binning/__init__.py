"""From frames to bins: rows of any values come in, bin numbers go out, for all features at once.

A `Feature` defines its bins, `cuts` where they are cut, `binner` which bin a value belongs to. Texts and vectors are
first reduced to a few numbers (`derived`), and each row is assigned to its segment. Nothing is counted here:
`reference` counts, for reference and live alike.
"""
