"""Breaks parts of a local network on purpose, and says whether anything was lost or done twice."""
