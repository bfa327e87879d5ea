"""Doors of a node: gRPC, REST and JSON-RPC, each a thin adapter over an engine. None knows a module."""
