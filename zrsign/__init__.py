"""What a person touches: the SDK, the command line, the local network and the tools they need."""

import os
from importlib.metadata import version

__version__ = version("zrsign")

# Read by gRPC when it is imported. Children exec at once and need none of its fork handlers, which
# otherwise warn about every channel that is open when the local network starts a process.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
