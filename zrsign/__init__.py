"""What a person touches: the SDK, the command line, the local network and the tools they need."""

from importlib.metadata import version

__version__ = version("zrsign")
