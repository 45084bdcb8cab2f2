"""From binned live rows to certainty: sequential evidence that live differs from the reference, and the policy on it.

In come blocks of bin numbers and a reference's counts, out goes the logarithm of an e-value a feature, which may be read at any
time. `policy` turns evidence and effect into a verdict and computes neither. How far live has moved is told by `scores`, beside
this room.
"""
