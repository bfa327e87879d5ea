"""One store copied in one epoch and t − 1 parties in the next: Paillier keys count, too."""

from dataclasses import replace

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY, seeded
from tests.zrsign_dmpc.ecdsa.parties import aux_infos, identity, key_shares, parties
from tests.zrsign_dmpc.ecdsa.thieves import Thief
from tests.zrsign_dmpc.handovers import run_refresh, run_reshare
from zrsign_dmpc.ecdsa import (
    AuxInfo,
    PresignSetup,
    StoredAuxInfo,
    presign_execution,
    start_presign,
)
from zrsign_dmpc.ecdsa.errors import StaleAuxInfo
from zrsign_dmpc.errors import EncodingError, ParameterError
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.key_records import StoredKeyInfo
from zrsign_dmpc.kept.keys import MAX_AUX_EPOCH, KeyShare
from zrsign_dmpc.refresh import refresh_plan
from zrsign_dmpc.reshare import reshare_plan
from zrsign_dmpc.run.rounds import Result
from zrsign_dmpc.run.simulator import Simulation
from zrsign_dmpc.wire.encoding import encode

ALL = (1, 2, 3)
SIGNERS = VICTIM, BROKEN = (1, 2)
OLD, NEW = aux_infos(*ALL), aux_infos(*ALL, epoch=1, made=1)


def broadcasts(
    setup: PresignSetup, shares: dict[int, KeyShare], aux: dict[int, AuxInfo]
) -> tuple[bytes, ...]:
    """What one presigning says to all."""
    execution = presign_execution(setup, parties(*ALL), b"what a thief listens to")
    sessions = {
        i: start_presign(execution, setup, shares[i], aux[i], identity(i), seeded(f"thief {i}"))
        for i in SIGNERS
    }
    assert all(isinstance(each, Result) for each in Simulation(sessions, 0).run().values())
    return sessions[BROKEN].transcript_of_broadcasts()


def copied(victim: AuxInfo, shares: dict[int, KeyShare], aux: dict[int, AuxInfo]) -> Thief:
    """Reads the store that the victim wrote, and breaks another party."""
    store = StoredAuxInfo.decode(StoredAuxInfo.of(victim).encode())
    return Thief(VICTIM, store.restore(TINY).key, {BROKEN: (shares[BROKEN], aux[BROKEN])})


def is_key(secret: int, shares: dict[int, KeyShare]) -> bool:
    return SECP256K1.base_mul(secret) == shares[VICTIM].info.public_key


def test_thief__should_read_the_key_where_a_paillier_key_is_known() -> None:
    """The attack works: that is what a renewal has to stop."""
    shares = key_shares(2, *ALL)
    setup = PresignSetup(shares[VICTIM].info, OLD[VICTIM].public, SIGNERS)
    thief = copied(OLD[VICTIM], shares, OLD)
    assert is_key(thief.key(setup, broadcasts(setup, shares, OLD)), shares)


@pytest.mark.parametrize("how", ["refresh", "reshare"])
def test_thief__should_learn_nothing_from_a_store_of_the_epoch_before(how: str) -> None:
    before = key_shares(2, *ALL)
    if how == "refresh":
        shares = run_refresh(before).shares
    else:
        shares = run_reshare(before, SIGNERS, ALL, 2).shares
    info = shares[VICTIM].info
    with pytest.raises(StaleAuxInfo, match="make it anew"):
        PresignSetup(info, OLD[VICTIM].public, SIGNERS)
    setup = PresignSetup(info, NEW[VICTIM].public, SIGNERS)
    thief = copied(OLD[VICTIM], shares, NEW)
    assert not is_key(thief.key(setup, broadcasts(setup, shares, NEW)), shares)


def test_epoch__should_name_its_auxiliary_information_for_good() -> None:
    """In its name, so that all agree; in its record; and it never goes back."""
    info = run_refresh(key_shares(2, *ALL)).shares[1].info
    assert info.aux_epoch == 1
    assert replace(info, aux_epoch=2).key_id != info.key_id
    stored = StoredKeyInfo.of(info)
    assert StoredKeyInfo.decode(stored.encode()).restore() == info
    with pytest.raises(EncodingError, match="no count"):
        replace(stored, aux_epoch=MAX_AUX_EPOCH + 1)
    assert refresh_plan(info).aux_epoch == reshare_plan(info, SIGNERS, ALL, 2).aux_epoch == 2
    assert reshare_plan(info, SIGNERS, ALL, 2, aux_epoch=1).aux_epoch == 1
    with pytest.raises(ParameterError, match="epoch 0 of auxiliary information"):
        reshare_plan(info, SIGNERS, ALL, 2, aux_epoch=0)


def test_older_record__should_name_no_auxiliary_information() -> None:
    """Those of the version before lack the field, and keep their key's id."""
    info, aux = key_shares(2, *ALL)[1].info, OLD[1]
    for record in (StoredKeyInfo.of(info), StoredAuxInfo.of(aux)):
        value = record.to_value()
        older = encode(replace(value, fields=value.fields[:-1]))
        assert type(record).decode(older) == record
        with pytest.raises(EncodingError, match="fields, not"):
            type(record).decode(encode(replace(value, fields=value.fields[:-2])))
