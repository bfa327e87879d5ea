"""What every long-running process of the toolkit shares.

Settings, logging, retries, signals, health and metrics.
"""
