"""From binned live rows to certainty: sequential evidence that live differs from the reference, and the policy on it.

In come blocks of bin numbers and the reference's counts. Out goes the logarithm of an e-value per feature, which may be
read at any time. `policy` turns evidence and effect into a verdict and computes neither. `scores`, beside this room,
measures how far live has moved. The derivations are in docs/math.md.
"""
