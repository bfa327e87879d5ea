"""What the messages of a redistribution must satisfy, as pure checks.

They follow the checks of key generation, with three differences: a constant term is known instead
of sent, not everybody deals, and not everybody receives. Each is true when the suspect's messages
break the rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from zrsign_dmpc.dkg.checks import joint_rid, pad, pad_key
from zrsign_dmpc.dkg.messages import SEED_BYTES, Opening, PaddedShares, ShareProof
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.group import schnorr
from zrsign_dmpc.group.curves import Point
from zrsign_dmpc.group.sharing import evaluate_commitments
from zrsign_dmpc.reshare.plan import Redistribution
from zrsign_dmpc.run.execution import Heard
from zrsign_dmpc.wire.encoding import Value

NO_CHAIN_CODE = b""
"""The key keeps its chain code, so that derived keys stay what they are."""


@dataclass(frozen=True)
class Checks:
    """The checks for one plan."""

    plan: Redistribution

    def commitments(self, board: Heard, dealer: int) -> tuple[Point, ...]:
        """Fᵢ: the constant term that everybody knows, then what the dealer committed to."""
        return (self.plan.constants[dealer], *board.broadcast(2, dealer, Opening).coefficients)

    def verification_share(self, board: Heard, holder: int) -> Point:
        """X'ⱼ = Σᵢ Fᵢ(j), plus the old Xⱼ if shares are kept."""
        joint = board.derive("F", lambda: self._joint(board))
        return board.derive(
            f"X{holder}",
            lambda: evaluate_commitments(joint, holder) + self.plan.kept_point(holder),
        )

    def statement(self, board: Heard, party: int) -> Point:
        """What a party proves to know: its new share, or what it dealt if it gets none."""
        if party in self.plan.holders:
            return self.verification_share(board, party)
        return self.plan.constants[party]

    def proof_challenge(self, board: Heard, party: int) -> int:
        """e of the Schnorr proof, bound to the execution, the index and rid."""
        transcript = board.execution.transcript("share proof", party)
        transcript.absorb("rid", joint_rid(board))
        nonce = board.broadcast(2, party, Opening).nonce
        return schnorr.challenge(transcript, self.plan.group, self.statement(board, party), nonce)

    def unpad(self, board: Heard, dealer: int, recipient: int, shared: Point) -> int:
        """Fᵢ(j) as the dealer sent it."""
        padded = board.broadcast(3, dealer, PaddedShares).padded
        value = padded[self.plan.recipients(dealer).index(recipient)]
        return (value - pad(board, dealer, recipient, shared)) % self.plan.group.order

    # Faults

    def misshapen_opening(self, board: Heard, suspect: int, _: Value) -> bool:
        """Not t' − 1 coefficients of a dealer (a constant term would be one more), or any of
        another party; not a pad key for each other party; seeds of a wrong length."""
        opening = board.broadcast(2, suspect, Opening)
        expected = self.plan.threshold - 1 if suspect in self.plan.constants else 0
        return (
            len(opening.coefficients) != expected
            or len(opening.pad_keys) != len(self.plan.parties) - 1
            or any(len(seed) != SEED_BYTES for seed in (opening.rid, opening.blind))
            or opening.chain_code != NO_CHAIN_CODE
        )

    def misshapen_shares(self, board: Heard, suspect: int, _: Value) -> bool:
        """Not exactly one share for each recipient, or one that is not reduced modulo q."""
        padded = board.broadcast(3, suspect, PaddedShares).padded
        order = self.plan.group.order
        return len(padded) != len(self.plan.recipients(suspect)) or any(
            not 0 <= value < order for value in padded
        )

    def wrong_share(self, board: Heard, suspect: int, witness: Value) -> bool:
        """A share is not on the polynomial through the dealer's public constant term.

        The witness is (recipient, y): the complaint opens the recipient's pad key for this dealer.
        """
        match witness:
            case (int(recipient), int(secret)):
                pass
            case _:
                raise EncodingError("a complaint names the recipient and opens its pad key")
        if recipient not in self.plan.recipients(suspect) or self._unfit(board):
            return False
        if self.misshapen_shares(board, suspect, ()):
            return False
        group = self.plan.group
        if group.base_mul(secret) != pad_key(board, recipient, suspect):
            return False
        share = self.unpad(board, suspect, recipient, secret * pad_key(board, suspect, recipient))
        expected = evaluate_commitments(self.commitments(board, suspect), recipient)
        return group.base_mul(share) != expected

    def wrong_proof(self, board: Heard, suspect: int, _: Value) -> bool:
        """The Schnorr proof for the suspect's statement fails."""
        if self._unfit(board):
            return False
        return not schnorr.verify(
            self.plan.group,
            self.proof_challenge(board, suspect),
            self.statement(board, suspect),
            board.broadcast(2, suspect, Opening).nonce,
            board.broadcast(4, suspect, ShareProof).response,
        )

    def _unfit(self, board: Heard) -> bool:
        """Whether an opening is misshapen: then no honest party went on; later faults are moot."""
        parties = self.plan.parties
        return board.derive(
            "unfit", lambda: any(self.misshapen_opening(board, i, ()) for i in parties)
        )

    def _joint(self, board: Heard) -> tuple[Point, ...]:
        rows = [self.commitments(board, dealer) for dealer in self.plan.constants]
        return tuple(self.plan.group.sum(column) for column in zip(*rows, strict=True))
