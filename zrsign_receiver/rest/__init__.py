"""The REST API of requests, for people and dApps."""
