"""One run of a protocol: rounds without I/O, signed messages, sessions, evidence of faults."""
