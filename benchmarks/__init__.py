"""Measurements of the sidecar beside its peers; each folder is one command. No part of the installed package."""
