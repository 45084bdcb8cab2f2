"""Fuzzing: inputs that nobody would send, for everything that reads what others wrote.

`targets` is the registry of readers with what each must keep, `mutator` makes inputs of a kept corpus, and `engine` shows one
to the other and notes findings. `benchmarks.fuzz` is the command.
"""
