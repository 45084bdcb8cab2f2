"""What the sinks that take whole exchanges out of the observer share: which exchanges, files of them, and waiting for a receiver.

What a record of an exchange holds is decided in `core.reading.capture`, and only there. Nothing here reads heads or bodies.
"""
