"""An operator whose reports are lost: `python -m tests.e2e.mute --config F`."""

from __future__ import annotations

import sys
from typing import Any

from zrsign_operator.__main__ import main
from zrsign_operator.ledger.answers import AnswerOutbox


def lose(*_: Any) -> None:
    """As a crash between an epoch and its report does."""


if __name__ == "__main__":
    setattr(AnswerOutbox, "report_epoch", lose)  # noqa: B010 - a patch
    sys.exit(main())
