"""Special functions and divergences, vectorised over features; scipy is their oracle in the tests.

They are our own because `scipy.special` costs a sidecar 20 MB of resident memory.
"""
