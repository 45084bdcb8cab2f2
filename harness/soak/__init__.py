"""The soak: traffic in which every byte is known beforehand, while one fault after the other is put into the program.

`exchanges` says what is said, `model` and `clients` say it, `faults` is the registry of what goes wrong, `stand` holds the
processes and closes their accounts, `memory` finds slopes, and `soak` runs it all. `benchmarks.soak` is the command.
"""
