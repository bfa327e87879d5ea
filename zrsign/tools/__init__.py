"""The programs that zrSign runs beside itself: found here, or installed into `.tools`."""

from zrsign.tools.discovery import (
    ToolReport,
    resolve,
    solana_node,
    solcx_folder,
    survey,
    tools_folder,
)
from zrsign.tools.errors import InstallFailed, ToolError, ToolMissing
from zrsign.tools.installer import install
from zrsign.tools.locate import Origin, ResolvedTool

__all__ = [
    "InstallFailed",
    "Origin",
    "ResolvedTool",
    "ToolError",
    "ToolMissing",
    "ToolReport",
    "install",
    "resolve",
    "solana_node",
    "solcx_folder",
    "survey",
    "tools_folder",
]
