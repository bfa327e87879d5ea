"""Daemon: signed requests go to their destination chains, Direct answers to their contracts.

Read `stages` first (the life of an item), then `worker` (who advances it), `registry` and
`destinations` (what differs from chain to chain) and `service` (what runs).
"""
