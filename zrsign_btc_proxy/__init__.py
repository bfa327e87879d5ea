"""Daemon: keeps the coins of the receiver's Bitcoin keys and composes their simple transactions.

Read `composer` first (what is decided), then `wallet` (what bitcoind knows), `reservations` (which
coins are taken) and `service` (what runs).
"""
