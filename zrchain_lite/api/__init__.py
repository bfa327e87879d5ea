"""Doors of a node: gRPC, REST and JSON-RPC, thin adapters over an engine. None knows a module."""
