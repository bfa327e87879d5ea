"""The programs that zrSign runs beside itself: found here, or installed into `.tools`."""

from zrsign.local.tools.discovery import (
    ToolReport,
    resolve,
    solana_node,
    solcx_folder,
    survey,
    tools_folder,
)
from zrsign.local.tools.errors import InstallFailed, ToolError, ToolMissing
from zrsign.local.tools.installer import install, provide
from zrsign.local.tools.locate import Origin, ResolvedTool

__all__ = [
    "InstallFailed",
    "Origin",
    "ResolvedTool",
    "ToolError",
    "ToolMissing",
    "ToolReport",
    "install",
    "provide",
    "resolve",
    "solana_node",
    "solcx_folder",
    "survey",
    "tools_folder",
]
