"""What every proof is bound to, and the checks that every verifier makes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from zrsign_dmpc.ecdsa.errors import MalformedValueError, ProofError
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.wire.transcript import Transcript

GROUP: Final = SECP256K1
Q_ORDER: Final = GROUP.order
"""q, the order of the curve."""


@dataclass(frozen=True)
class ProofContext:
    """The execution (sid or epid of the paper), the security level, and who proves.

    A proof is worthless in another execution, at another level, and under another's name.
    """

    execution_id: bytes
    level: SecurityLevel
    prover: int

    def transcript(self, proof: str) -> Transcript:
        """A transcript that has absorbed the context and the name of the proof."""
        transcript = Transcript.bound(
            proof, execution_id=self.execution_id, party=self.prover, level=self.level.name
        )
        transcript.absorb("level", self.level.items())
        return transcript


def fails(verify: Callable[[], None]) -> bool:
    """Whether a verification finds a fault."""
    try:
        verify()
    except MalformedValueError:
        return True
    return False


def require(holds: bool, check: str) -> None:
    """Raises ProofError that names the check unless it holds."""
    if not holds:
        raise ProofError(f"the proof fails its check: {check}")


def require_range(name: str, value: int, bound: int) -> None:
    """Raises ProofError unless -bound <= value <= bound."""
    if not -bound <= value <= bound:
        raise ProofError(f"{name} is outside its range (±, {bound.bit_length()} bits)")


def require_count(name: str, values: tuple[object, ...], count: int) -> None:
    """Raises ProofError unless there are exactly `count` values."""
    if len(values) != count:
        raise ProofError(f"{name} has {len(values)} entries, not {count}")


def require_scalar(name: str, value: int) -> None:
    """Raises ProofError unless 0 <= value < q."""
    if not 0 <= value < Q_ORDER:
        raise ProofError(f"{name} is not a canonical scalar")
