"""The peers: their configurations, and the two small programs that make proxies out of libraries."""
