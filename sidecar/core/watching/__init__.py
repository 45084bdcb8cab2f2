"""The monitor and all that keeps state for it: exchanges and the time in, events and a view out.

`monitor` owns a `watch` for each side and each segment, which gathers evidence in blocks of rows, closes windows, and changes
verdicts. It is the top room: the observer feeds it and the sinks take its events.
"""
