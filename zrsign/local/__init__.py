"""The network on one machine: its tools, its start and stop, and the demonstration on it."""
