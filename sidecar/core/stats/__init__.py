"""Small special functions and divergences, vectorised over features; scipy is their oracle in the tests.

They are our own because `scipy.special` costs 20 MB of resident memory in a sidecar.
"""
