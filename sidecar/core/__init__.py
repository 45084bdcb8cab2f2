"""The thinking, without socket, clock, thread, chance or log: time is an argument.

The rooms stand in the order in which a row passes them, and each imports only rooms below it:

    words < stats < reading | binning < reference < evidence | scores < watching
"""
