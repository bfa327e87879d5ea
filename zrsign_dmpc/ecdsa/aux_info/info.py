"""What a group knows of its Paillier and ring-Pedersen keys, and what each member knows more."""

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property, partial

from zrsign_dmpc.ecdsa.paillier import PaillierKey, PaillierPrivateKey
from zrsign_dmpc.ecdsa.pool import Pool
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersen, RingPedersenTrapdoor, peer_share
from zrsign_dmpc.ecdsa.security import SecurityLevel
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import Rng, system_rng
from zrsign_dmpc.wire.transcript import Transcript


@dataclass(frozen=True)
class PublicAuxInfo:
    """The verified keys of all members, by index."""

    level: SecurityLevel
    paillier: dict[int, PaillierKey]
    ring_pedersen: dict[int, RingPedersen]
    execution_id: bytes
    """The session id of the execution that verified them."""
    epoch: int = 0
    """Counts up with every renewal; keys say from which one on they presign."""

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that name these keys."""
        transcript = Transcript("auxiliary information")
        transcript.absorb("level", self.level.items())
        transcript.absorb("execution", self.execution_id)
        transcript.absorb("epoch", self.epoch)
        for index in sorted(self.paillier):
            items = (index, self.paillier[index].N, *self.ring_pedersen[index].items())
            transcript.absorb("party", items)
        return transcript.challenge_bytes("digest", 32)

    def require_members(self, indices: Iterable[int]) -> None:
        """Raises ParameterError for an index that has no keys here."""
        if missing := set(indices) - set(self.paillier):
            raise ParameterError(
                f"parties {sorted(missing)} have no auxiliary information: run the protocol "
                "again with all of them"
            )


@dataclass(frozen=True)
class AuxInfo:
    """One member's view. The secrets are never printed and never sent."""

    public: PublicAuxInfo
    index: int
    key: PaillierPrivateKey = field(repr=False)
    trapdoor: RingPedersenTrapdoor = field(repr=False)

    def __post_init__(self) -> None:
        mine = (self.public.paillier[self.index].N, self.public.ring_pedersen[self.index].items())
        if mine != (self.key.N, self.trapdoor.items()):
            raise ParameterError(f"the secrets of party {self.index} do not fit its public keys")

    def limit_tables(self, table_bytes: int) -> None:
        """Bound what the tables of all peers take together; those that were made are dropped.

        The cost of a presigning at some bounds is in docs/dmpc-ecdsa.md, Arithmetic.
        """
        share = peer_share(table_bytes, len(self.public.ring_pedersen))
        known = self.public.ring_pedersen
        known.update({i: rp.with_table_bytes(share) for i, rp in known.items()})

    def start_pools(self, executor: Executor, presigns: int, rng: Rng = system_rng) -> None:
        """Make encryption randomness ahead for this many presignings.

        A presigning takes 4 randomizers of each counterparty's key and 6 a counterparty of its own.
        `release_gil` is the executor's initializer.
        """
        peers = [index for index in self.public.paillier if index != self.index]
        own = (6 * len(peers) + 2) * presigns
        self.key.pool = Pool(partial(self.key.make_randomizer, rng), executor, own)
        for peer in peers:
            key = self.public.paillier[peer]
            key.pool = Pool(partial(key.make_randomizer, rng), executor, 4 * presigns)
            key.pool.fill()
        self.key.pool.fill()
