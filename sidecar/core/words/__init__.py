"""The vocabulary of the core: exchanges, frames, events, snapshots and views, and the types of arrays.

Everything here is a value that other rooms make, pass on or read. Nothing is computed, and only `arrays` needs numpy, since the
traffic process loads `exchange` and `snapshot`. No room is below this one.
"""
