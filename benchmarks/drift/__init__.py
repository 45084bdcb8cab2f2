"""Drift: false alarms, power, delay and speed."""
