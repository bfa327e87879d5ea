"""Daemon: keeps the coins of the receiver's Bitcoin keys and composes their simple transactions.

Read `coins` first (what is decided), then `composer` (what is set aside when), `wallet` (what
bitcoind knows), `reservations` (which coins are taken) and `service` (what runs).
"""
