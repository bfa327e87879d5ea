"""What a key generation's messages must satisfy, as pure checks.

A party runs them on what it received, and a judge on evidence. Each is true when the suspect's
messages break the rule.
"""

from __future__ import annotations

from collections.abc import Iterable

from zrsign_dmpc.dkg.messages import SEED_BYTES, Commitment, Opening, PaddedShares, ShareProof
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.group import schnorr
from zrsign_dmpc.group.curves import Point
from zrsign_dmpc.group.sharing import evaluate_commitments
from zrsign_dmpc.run.execution import Execution, Heard
from zrsign_dmpc.wire.encoding import Value


def commitment_to(execution: Execution, party: int, opening: Opening) -> bytes:
    """V of round 1."""
    transcript = execution.transcript("commitment", party)
    transcript.absorb("opening", opening.to_value())
    return transcript.challenge_bytes("V", SEED_BYTES)


def joint_rid(board: Heard) -> bytes:
    """rid, the exclusive or of all contributions."""
    return board.derive("rid", lambda: _xor(each.rid for each in openings(board).values()))


def joint_chain_code(board: Heard) -> bytes:
    """The exclusive or of all contributions."""
    return _xor(opening.chain_code for opening in openings(board).values())


def joint_coefficients(board: Heard) -> tuple[Point, ...]:
    """F = Σ Fⱼ, by coefficient."""
    return board.derive("F", lambda: _sum_by_coefficient(board))


def verification_share(board: Heard, party: int) -> Point:
    """Xᵢ = F(i)."""
    return board.derive(f"X{party}", lambda: evaluate_commitments(joint_coefficients(board), party))


def openings(board: Heard) -> dict[int, Opening]:
    """Everybody's opening of round 2, by index."""
    return board.broadcasts(2, Opening)


def pad(board: Heard, dealer: int, recipient: int, shared: Point) -> int:
    """ρ = H(sid, rid, dealer, recipient, y·Y): what hides a share on its way, modulo q."""
    transcript = board.execution.transcript("pad", dealer)
    transcript.absorb("recipient", recipient)
    transcript.absorb("rid", joint_rid(board))
    transcript.absorb("shared", shared)
    return transcript.challenge_below("pad", board.execution.group.order)


def pad_key(board: Heard, owner: int, peer: int) -> Point:
    """Y that `owner` made for `peer`."""
    return board.broadcast(2, owner, Opening).pad_keys[place_of(board.execution, owner, peer)]


def place_of(execution: Execution, owner: int, peer: int) -> int:
    """The place of `peer` in a list that `owner` makes of all others."""
    return execution.others(owner).index(peer)


def proof_challenge(board: Heard, party: int) -> int:
    """e of the Schnorr proof for Xᵢ, bound to the execution, the index and rid."""
    transcript = board.execution.transcript("share proof", party)
    transcript.absorb("rid", joint_rid(board))
    nonce = board.broadcast(2, party, Opening).nonce
    statement = verification_share(board, party)
    return schnorr.challenge(transcript, board.execution.group, statement, nonce)


# Faults


def misshapen_opening(board: Heard, suspect: int, _: Value) -> bool:
    """Not t coefficients (more would raise the threshold), n − 1 pad keys and 32-byte seeds."""
    opening = board.broadcast(2, suspect, Opening)
    return (
        len(opening.coefficients) != board.execution.threshold
        or len(opening.pad_keys) != len(board.execution.parties.indices) - 1
        or any(len(x) != SEED_BYTES for x in (opening.rid, opening.chain_code, opening.blind))
    )


def wrong_opening(board: Heard, suspect: int, _: Value) -> bool:
    """The opening is not what was committed to."""
    opening = board.broadcast(2, suspect, Opening)
    committed = board.broadcast(1, suspect, Commitment).digest
    return commitment_to(board.execution, suspect, opening) != committed


def misshapen_shares(board: Heard, suspect: int, _: Value) -> bool:
    """Not exactly n − 1 shares, or one that is not reduced modulo q."""
    padded = board.broadcast(3, suspect, PaddedShares).padded
    order = board.execution.group.order
    return len(padded) != len(board.execution.parties.indices) - 1 or any(
        not 0 <= value < order for value in padded
    )


def wrong_share(board: Heard, suspect: int, witness: Value) -> bool:
    """A share is not on the committed polynomial.

    The witness is (recipient, y): the complaint opens the recipient's pad key for this dealer, and
    with it the one share in question.
    """
    match witness:
        case (int(recipient), int(secret)):
            pass
        case _:
            raise EncodingError("a complaint names the recipient and opens its pad key")
    if recipient not in board.execution.others(suspect) or _unfit(board):
        return False
    if misshapen_shares(board, suspect, ()):
        return False
    group = board.execution.group
    if group.base_mul(secret) != pad_key(board, recipient, suspect):
        return False
    shared = secret * pad_key(board, suspect, recipient)
    share = unpad(board, suspect, recipient, shared)
    commitments = board.broadcast(2, suspect, Opening).coefficients
    return group.base_mul(share) != evaluate_commitments(commitments, recipient)


def unpad(board: Heard, dealer: int, recipient: int, shared: Point) -> int:
    """The share that the dealer sent to the recipient."""
    padded = board.broadcast(3, dealer, PaddedShares).padded
    value = padded[place_of(board.execution, dealer, recipient)]
    return (value - pad(board, dealer, recipient, shared)) % board.execution.group.order


def wrong_proof(board: Heard, suspect: int, _: Value) -> bool:
    """The Schnorr proof for the suspect's verification share fails."""
    if _unfit(board):
        return False
    return not schnorr.verify(
        board.execution.group,
        proof_challenge(board, suspect),
        verification_share(board, suspect),
        board.broadcast(2, suspect, Opening).nonce,
        board.broadcast(4, suspect, ShareProof).response,
    )


def _unfit(board: Heard) -> bool:
    """Whether an opening is misshapen: then no honest party went on; later faults are moot."""
    parties = board.execution.parties.indices
    return board.derive("unfit", lambda: any(misshapen_opening(board, i, ()) for i in parties))


def _sum_by_coefficient(board: Heard) -> tuple[Point, ...]:
    columns = zip(*(opening.coefficients for opening in openings(board).values()), strict=True)
    return tuple(board.execution.group.sum(column) for column in columns)


def _xor(seeds: Iterable[bytes]) -> bytes:
    value = 0
    for seed in seeds:
        value ^= int.from_bytes(seed, "big")
    return value.to_bytes(SEED_BYTES, "big")
