"""From exchanges to frames: the bytes of requests and responses come in, rows and columns go out.

`intake` picks one of `decoders` and unpacks bodies (`payload`, `tables`); `capture` and `mask` write an exchange to a
line and read it back. References and bins are unknown here: later rooms interpret the rows, beginning with `binning`.
"""
