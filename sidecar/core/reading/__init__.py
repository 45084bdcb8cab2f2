"""From exchanges to frames: in come the bytes of requests and answers, out go rows and columns.

`intake` picks one of `decoders` and takes bodies apart (`payload`, `tables`); `capture` and `mask` write an exchange down and
read it back. Nothing here knows of references or bins: what the rows mean is decided upstairs, first by `binning`.
"""
