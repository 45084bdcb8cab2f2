"""The observer process: exchanges come in over the handoff; events go to sinks, and the admin pages are served.

`worker` drives the core and the sinks; `serve` alone knows sockets and the clock. It never sees a client's connection:
the traffic process forwards bytes without it.
"""
