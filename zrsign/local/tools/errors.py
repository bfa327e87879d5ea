"""What can go wrong between this project and the programs it runs beside itself."""


class ToolError(Exception):
    """Root of this package's errors."""


class ToolMissing(ToolError):
    """No usable program was found. `fix` says what to do, in one or two lines."""

    def __init__(self, name: str, reason: str, fix: str) -> None:
        super().__init__(f"{name}: {reason}\n{fix}")
        self.name = name
        self.reason = reason
        self.fix = fix


class InstallFailed(ToolError):
    """A step of the installation failed; what is whole stays and a second run resumes."""
