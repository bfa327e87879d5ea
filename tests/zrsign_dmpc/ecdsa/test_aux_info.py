"""Making auxiliary information: honest runs end alike, every cheat is named with evidence."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY, paillier_key, prime, seeded, trapdoor
from tests.zrsign_dmpc.ecdsa.parties import (
    altering,
    aux_infos,
    aux_secrets,
    bump,
    parties,
    require_blamed,
    run,
)
from tests.zrsign_dmpc.ecdsa.test_modulus_proofs import _cofactor, blum
from zrsign_dmpc.ecdsa.arithmetic import power, release_gil
from zrsign_dmpc.ecdsa.aux_info import AuxInfo, AuxSecrets, aux_info_execution
from zrsign_dmpc.ecdsa.aux_info.messages import FactorProof, ModulusProof, Opening
from zrsign_dmpc.ecdsa.aux_info.protocol import CommitRound
from zrsign_dmpc.ecdsa.aux_info.storage import StoredAuxInfo
from zrsign_dmpc.ecdsa.errors import MalformedValueError
from zrsign_dmpc.ecdsa.paillier import PaillierPrivateKey
from zrsign_dmpc.ecdsa.ring_pedersen import RingPedersenTrapdoor
from zrsign_dmpc.ecdsa.security import PAILLIER_2048
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.run.execution import Execution
from zrsign_dmpc.run.rounds import Abort, Result, Round
from zrsign_dmpc.run.simulator import Alteration
from zrsign_dmpc.wire.records import Record

GROUP = parties(1, 2, 3)


def make(
    cheats: dict[int, Alteration] | None = None,
    secrets: dict[int, AuxSecrets] | None = None,
    execution_id: bytes = b"auxiliary information 1",
    epoch: int = 0,
) -> tuple[Execution, dict[int, Result[AuxInfo] | Abort]]:
    execution = aux_info_execution(TINY, GROUP, execution_id, epoch=epoch)

    def first(index: int) -> Callable[[], Round[AuxInfo]]:
        mine = (secrets or {}).get(index) or aux_secrets(index)
        return lambda: CommitRound(execution, TINY, index, mine, seeded(index))

    if secrets:
        cheats = dict.fromkeys(secrets, lambda round_, recipient, record: record)
    return execution, run(execution, {i: first(i) for i in GROUP.indices}, cheats)


def test_aux_info__should_end_with_the_same_keys_for_all() -> None:
    execution, outcomes = make()
    infos = [outcome.value for outcome in outcomes.values() if isinstance(outcome, Result)]
    assert len(infos) == 3
    assert len({info.public.digest for info in infos}) == 1
    assert infos[0].public.execution_id == execution.sid
    for info in infos:
        assert info.public.paillier[info.index] == info.key
        assert info.public.ring_pedersen[info.index] == info.trapdoor
        assert not isinstance(info.public.paillier[info.index], PaillierPrivateKey)
        assert not isinstance(info.public.ring_pedersen[info.index], RingPedersenTrapdoor)
        assert str(info.key.p) not in repr(info)
    with pytest.raises(ParameterError, match="have no auxiliary information"):
        infos[0].public.require_members((1, 9))
    with pytest.raises(ParameterError, match="do not fit"):
        AuxInfo(infos[0].public, 2, infos[0].key, infos[0].trapdoor)


@pytest.mark.parametrize(
    ("cheat", "fault"),
    [
        (altering(Opening, bump("N")), "wrong opening"),
        (altering(Opening, bump("rid")), "wrong opening"),
        (altering(Opening, bump("prm", "z")), "wrong opening"),
        (altering(ModulusProof, bump("mod", "x")), "wrong modulus proof"),
        (altering(ModulusProof, bump("mod", "z")), "wrong modulus proof"),
        (altering(FactorProof, bump("fac", "z1")), "wrong factor proof"),
        (altering(FactorProof, bump("fac", "v"), only_to=3), "wrong factor proof"),
    ],
)
def test_aux_info__should_name_who_alters_a_message(cheat: Alteration, fault: str) -> None:
    execution, outcomes = make({2: cheat})
    require_blamed(execution, outcomes, 2, fault)


def forged_modulus(left: int, right: int) -> AuxSecrets:
    return AuxSecrets(PaillierPrivateKey(left, right), trapdoor(2))


def with_s(s: Callable[[RingPedersenTrapdoor], int]) -> AuxSecrets:
    made = RingPedersenTrapdoor(TINY, (prime(10), prime(11)), 9, 12345)
    object.__setattr__(made, "s", s(made))
    return AuxSecrets(paillier_key(2), made)


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (lambda: forged_modulus(65519, _cofactor(65519)), "bad modulus"),
        (lambda: forged_modulus(blum(600, "x"), blum(597, "y")), "bad modulus"),
        (lambda: forged_modulus(blum(600, "x"), blum(600, "x")), "bad modulus"),
        (lambda: forged_modulus(blum(600, "x", 1), blum(600, "y", 1)), "wrong modulus proof"),
        (lambda: forged_modulus(blum(100, "x"), _cofactor(blum(100, "x"))), "wrong factor proof"),
        (lambda: with_s(lambda rp: rp.N_hat - rp.s), "wrong ring-Pedersen proof"),
        (lambda: with_s(lambda rp: 1), "bad modulus"),
        (lambda: with_s(lambda rp: rp.N_hat - 1), "bad modulus"),
        (lambda: with_s(lambda rp: rp.modulus.left), "bad modulus"),
        (lambda: AuxSecrets(paillier_key(2), RingPedersenTrapdoor(
            TINY, (paillier_key(2).p, paillier_key(2).q), 9, 5)), "shared factor"),
    ],
)  # fmt: skip
def test_aux_info__should_name_who_brings_a_bad_key(
    bad: Callable[[], AuxSecrets], fault: str
) -> None:
    execution, outcomes = make(secrets={2: bad()})
    require_blamed(execution, outcomes, 2, fault)


def test_aux_info__should_name_both_who_share_a_key() -> None:
    """A mirror: commit-and-reveal keeps an honest key out of reach, so only two cheats can."""
    execution, outcomes = make(secrets={2: aux_secrets(2), 3: aux_secrets(2)})
    outcome = outcomes[1]
    assert isinstance(outcome, Abort)
    assert outcome.culprits == (2, 3)
    assert all(evidence.proves_fault(execution) for evidence in outcome.evidence)


def test_aux_info__should_refuse_proofs_of_another_execution() -> None:
    """CVE-2022-47930: everything is bound to the execution."""
    _, first = make(execution_id=b"auxiliary information 2")
    assert all(isinstance(outcome, Result) for outcome in first.values())
    recorded: list[ModulusProof] = []

    def record(_: int, __: int, message: Record) -> Record:
        if isinstance(message, ModulusProof):
            recorded.append(message)
        return message

    make({2: record}, execution_id=b"auxiliary information 3")
    execution, outcomes = make({2: altering(ModulusProof, lambda _: recorded[0])})
    require_blamed(execution, outcomes, 2, "wrong modulus proof")


def test_secrets__should_need_safe_primes_of_the_level() -> None:
    primes = iter([prime(0), prime(1), prime(2), prime(3, 256)])
    with pytest.raises(MalformedValueError, match="600 bits"):
        AuxSecrets.generate(TINY, lambda: next(primes), seeded(1))
    made = AuxSecrets.generate(TINY, iter([prime(i) for i in range(4)]).__next__, seeded(1))
    assert made.trapdoor.N_hat != made.key.N


def test_pools__should_hold_randomness_for_one_encryption_each() -> None:
    _, outcomes = make()
    outcome = outcomes[1]
    assert isinstance(outcome, Result)
    info = outcome.value
    with ThreadPoolExecutor(2, initializer=release_gil) as executor:
        info.start_pools(executor, presigns=1)
        for key in (info.key, info.public.paillier[2]):
            taken = [key.randomizer(seeded(1)) for _ in range(6)]
            assert len({made.r for made in taken}) == 6
            assert all(made.r_N == power(made.r, key.N, key.N2) for made in taken)
    assert info.public.paillier[1].pool is None


def test_table_limit__should_bind_all_peers_and_change_no_value() -> None:
    info = StoredAuxInfo.of(aux_infos(1, 2, 3)[1]).restore(TINY)
    before = info.public.ring_pedersen[2]
    before.prepare()
    info.limit_tables(60_000)
    after = info.public.ring_pedersen[2]
    after.prepare()
    assert {rp.table_bytes for rp in info.public.ring_pedersen.values()} == {30_000}
    assert after == before
    assert after.commit(-5, 1 << 90) == before.commit(-5, 1 << 90)


def test_aux_info__should_be_of_the_epoch_that_all_agreed_on() -> None:
    execution, _ = make()
    later, outcomes = make(epoch=3)
    assert later.sid != execution.sid
    infos = [outcome.value.public for outcome in outcomes.values() if isinstance(outcome, Result)]
    assert [public.epoch for public in infos] == [3, 3, 3]
    assert replace(infos[0], epoch=2).digest != infos[0].digest
    with pytest.raises(ParameterError, match="epoch -1"):
        aux_info_execution(TINY, GROUP, b"auxiliary information 1", epoch=-1)
    with pytest.raises(ParameterError, match="at level PAILLIER_2048"):
        CommitRound(execution, PAILLIER_2048, 1, aux_secrets(1), seeded(1))


def test_aux_info__should_be_the_same_after_storage() -> None:
    _, outcomes = make(epoch=2)
    outcome = outcomes[2]
    assert isinstance(outcome, Result)
    stored = StoredAuxInfo.decode(StoredAuxInfo.of(outcome.value).encode())
    restored = stored.restore(TINY)
    assert restored.public.digest == outcome.value.public.digest
    assert (restored.key, restored.trapdoor) == (outcome.value.key, outcome.value.trapdoor)
    assert str(outcome.value.key.p) not in repr(stored)
    with pytest.raises(ParameterError, match="do not fit"):
        replace(stored, q=stored.q + 2).restore(TINY)
    with pytest.raises(ParameterError, match="do not fit"):
        replace(stored, lambda_=stored.lambda_ + 1).restore(TINY)
    with pytest.raises(ParameterError, match="0 public keys"):
        replace(stored, index=7).restore(TINY)
    with pytest.raises(ParameterError, match="of level"):
        stored.restore(PAILLIER_2048)
