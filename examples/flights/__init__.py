"""Delays of flights: the demo's model and its data."""
