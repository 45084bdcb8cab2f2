"""The computation, without socket, clock, thread, randomness or log: time is an argument.

The rooms are in the order in which a row passes them, and each imports only rooms before it:

    words < stats < reading | binning < reference < evidence | scores < watching
"""
