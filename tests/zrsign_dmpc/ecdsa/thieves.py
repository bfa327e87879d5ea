"""A thief who copied one party's Paillier secrets, and listens in t − 1 others.

The parties that it holds follow the protocol. It reads the key from what they got and know.
"""

# ruff: noqa: N806 - letters are the paper's
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zrsign_dmpc.ecdsa import AuxInfo, PresignSetup
from zrsign_dmpc.ecdsa.paillier import PaillierPrivateKey
from zrsign_dmpc.ecdsa.presign.messages import Nonces, Products
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.keys import KeyShare
from zrsign_dmpc.run.messages import Message, MessageKind

q = SECP256K1.order


@dataclass
class Thief:
    """Knows the factors of the victim's modulus, and all that the others know."""

    victim: int
    stolen: PaillierPrivateKey
    broken: Mapping[int, tuple[KeyShare, AuxInfo]]
    """The t − 1 others, by index."""

    def key(self, setup: PresignSetup, heard: Iterable[bytes]) -> int:
        """The secret key, if the victim's part can be read out of what a presigning said.

        D̂ = x·K ⊕ enc(ŷ) is for who sent K, and F̂ = enc(ŷ) is under the victim's own key.
        """
        said = [m for m in map(Message.decode, heard) if m.kind == MessageKind.BROADCAST]
        listener, (_, aux) = next(iter(self.broken.items()))
        place = [i for i in setup.signers if i != self.victim].index(listener)
        products = next(
            Products.decode(m.body) for m in said if (m.round, m.sender) == (2, self.victim)
        )
        K = next(Nonces.decode(m.body).K for m in said if (m.round, m.sender) == (1, listener))
        y = self.stolen.decrypt(products.F_hat[place])
        x = (aux.key.decrypt(products.D_hat[place]) - y) * pow(aux.key.decrypt(K), -1, q)
        return int(x + sum(setup.x(share) for share, _ in self.broken.values())) % q
