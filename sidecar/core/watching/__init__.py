"""The monitor and everything that keeps state for it: exchanges and the time come in, events and a view go out.

`monitor` owns a `watch` for each side and each segment. A watch gathers evidence in blocks of rows, closes windows, and changes
verdicts. This is the top room: the observer feeds it, and sinks take its events.
"""
