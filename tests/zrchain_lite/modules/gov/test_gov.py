"""Proposals: from a deposit over votes to what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, Chain, genesis
from tests.zrchain_lite.modules.staking.stake import creation, staked
from tests.zrchain_lite.modules.staking.test_staking import A, coin, delegate, sent
from zrchain_lite import decimals
from zrchain_lite.api.json_codec import to_json
from zrchain_lite.client import Account
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.genesis import params_from
from zrchain_lite.modules.auth.keeper import module_address
from zrchain_lite.modules.gov import state
from zrchain_lite.modules.gov.tally import OPTIONS, Tally
from zrchain_lite.tx import pack
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.distribution.v1beta1.tx_pb2 import (
    MsgCommunityPoolSpend,
    MsgFundCommunityPool,
)
from zrchain_lite.wire.cosmos.gov.v1 import tx_pb2 as tx
from zrchain_lite.wire.cosmos.gov.v1.gov_pb2 import (
    VOTE_OPTION_ABSTAIN,
    VOTE_OPTION_NO,
    VOTE_OPTION_NO_WITH_VETO,
    VOTE_OPTION_YES,
    Params,
    WeightedVoteOption,
)
from zrchain_lite.wire.cosmos.gov.v1beta1 import query_pb2 as older
from zrchain_lite.wire.cosmos.gov.v1beta1 import tx_pb2 as older_tx
from zrchain_lite.wire.cosmos.staking.v1beta1 import tx_pb2 as staking
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury

DEPOSIT, EXPEDITED = 10_000_000, 50_000_000
GOV = module_address("gov")
PERIODS = {
    "max_deposit_period": "100s",
    "voting_period": "200s",
    "expedited_voting_period": "50s",
}


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """Alice and Bob each have a validator; two thirds of the power are Alice's."""
    validators = creation(ALICE, 20_000_000), creation(BOB, 10_000_000)
    return staked(tmp_path / "home", *validators, gov={"params": PERIODS})


def ask(chain: Chain, name: str, **fields: object) -> Any:
    path = f"/cosmos.gov.{name}"
    request = chain.app.registry.query(path).request(**fields)
    return to_json(chain.app.answer(path, request))


def proposal(
    *messages: Message, deposit: int = DEPOSIT, by: Account = CAROL, **fields: Any
) -> tx.MsgSubmitProposal:
    return tx.MsgSubmitProposal(
        messages=[pack(each) for each in messages],
        initial_deposit=[coin(deposit)] if deposit else [],
        proposer=by.address,
        **{"title": "a title", "summary": "a summary", **fields},
    )


def vote(account: Account, option: int, id_: int = 1) -> tx.MsgVote:
    return tx.MsgVote(proposal_id=id_, voter=account.address, option=option)  # type: ignore[arg-type]


def shown(chain: Chain, id_: int = 1) -> Any:
    return ask(chain, "v1.Query/Proposal", proposal_id=id_)["proposal"]


def pass_time(chain: Chain, seconds: int) -> None:
    chain.clock.ms += seconds * 1000
    chain.engine.make_block()


def test_passed_proposal__should_do_what_it_says_and_return_its_deposit(chain: Chain) -> None:
    sent(chain, ALICE, MsgFundCommunityPool(depositor=ALICE.address, amount=[coin(500)]))
    spend = MsgCommunityPoolSpend(authority=GOV, recipient=BOB.address, amount=[coin(400)])
    before = chain.balance(CAROL)
    assert sent(chain, CAROL, proposal(spend)) == (0, "")
    assert chain.balance(CAROL) == before - 100 - DEPOSIT
    assert shown(chain)["status"] == "PROPOSAL_STATUS_VOTING_PERIOD"
    assert sent(chain, ALICE, vote(ALICE, VOTE_OPTION_YES))[0] == 0
    counts = ask(chain, "v1.Query/TallyResult", proposal_id=1)["tally"]
    assert counts["yes_count"] == "20000000"
    bobs = chain.balance(BOB)
    pass_time(chain, 201)
    assert shown(chain)["status"] == "PROPOSAL_STATUS_PASSED"
    assert shown(chain)["final_tally_result"]["yes_count"] == "20000000"
    assert chain.balance(BOB) == bobs + 400
    assert chain.balance(CAROL) == before - 100
    assert not list(state.VOTES.values(chain.store.state))
    assert sent(chain, BOB, vote(BOB, VOTE_OPTION_NO))[0] == 4


def test_delegator__should_overrule_its_validator_with_its_own_stake(chain: Chain) -> None:
    sent(chain, CAROL, delegate(CAROL, A, 30_000_000))
    sent(chain, BOB, proposal(by=BOB))
    sent(chain, ALICE, vote(ALICE, VOTE_OPTION_YES))
    both = tx.MsgVoteWeighted(
        proposal_id=1,
        voter=CAROL.address,
        options=[
            WeightedVoteOption(option=VOTE_OPTION_NO, weight=str(decimals.parse("0.75"))),
            WeightedVoteOption(option=VOTE_OPTION_ABSTAIN, weight=str(decimals.parse("0.25"))),
        ],
    )
    assert sent(chain, CAROL, both)[0] == 0
    assert ask(chain, "v1.Query/TallyResult", proposal_id=1)["tally"] == {
        "yes_count": "20000000",
        "abstain_count": "7500000",
        "no_count": "22500000",
        "no_with_veto_count": "0",
    }
    pass_time(chain, 201)
    assert shown(chain)["status"] == "PROPOSAL_STATUS_REJECTED"


@pytest.mark.parametrize(
    ("votes", "passes", "burns"),
    [
        ({}, False, False),
        ({VOTE_OPTION_YES: 33}, False, False),
        ({VOTE_OPTION_YES: 34}, True, False),
        ({VOTE_OPTION_ABSTAIN: 100}, False, False),
        ({VOTE_OPTION_YES: 40, VOTE_OPTION_NO: 40}, False, False),
        ({VOTE_OPTION_YES: 41, VOTE_OPTION_NO: 40, VOTE_OPTION_ABSTAIN: 19}, True, False),
        ({VOTE_OPTION_YES: 66, VOTE_OPTION_NO_WITH_VETO: 34}, False, True),
        ({VOTE_OPTION_YES: 67, VOTE_OPTION_NO_WITH_VETO: 33}, True, False),
    ],
)
def test_votes__should_decide_as_the_parameters_say(
    votes: dict[int, int], passes: bool, burns: bool
) -> None:
    tally = Tally(bonded=100 * decimals.ONE)
    for option, power in votes.items():
        whole = WeightedVoteOption(option=option, weight=str(decimals.ONE))  # type: ignore[arg-type]
        tally.add([whole], power * decimals.ONE)
    assert tally.passes(state.DEFAULT_PARAMS, expedited=False) == (passes, burns)
    assert set(votes) <= set(OPTIONS)


def test_chain_without_bonded_stake__should_decide_nothing() -> None:
    assert Tally().passes(state.DEFAULT_PARAMS, expedited=False) == (False, False)


def test_vetoed_proposal__should_lose_its_deposit(chain: Chain) -> None:
    supply = chain.keepers.bank.supply(chain.ctx)
    sent(chain, CAROL, proposal())
    sent(chain, ALICE, vote(ALICE, VOTE_OPTION_NO_WITH_VETO))
    pass_time(chain, 201)
    assert shown(chain)["status"] == "PROPOSAL_STATUS_REJECTED"
    assert chain.keepers.bank.supply(chain.ctx) == supply - DEPOSIT


def test_proposal_without_its_deposit__should_end_and_give_back(chain: Chain) -> None:
    before = chain.balance(CAROL)
    sent(chain, CAROL, proposal(deposit=DEPOSIT - 1))
    assert shown(chain)["status"] == "PROPOSAL_STATUS_DEPOSIT_PERIOD"
    assert sent(chain, CAROL, vote(CAROL, VOTE_OPTION_YES))[0] == 4
    pass_time(chain, 101)
    with pytest.raises(NotFound):
        shown(chain)
    assert chain.balance(CAROL) == before - 200


def test_deposits_of_many__should_open_the_vote(chain: Chain) -> None:
    sent(chain, CAROL, proposal(deposit=DEPOSIT - 100_000))
    small = tx.MsgDeposit(proposal_id=1, depositor=BOB.address, amount=[coin(99_999)])
    assert sent(chain, BOB, small)[0] == 12
    enough = tx.MsgDeposit(proposal_id=1, depositor=BOB.address, amount=[coin(100_000)])
    assert sent(chain, BOB, enough)[0] == 0
    assert shown(chain)["status"] == "PROPOSAL_STATUS_VOTING_PERIOD"
    deposits = ask(chain, "v1.Query/Deposits", proposal_id=1)["deposits"]
    assert {each["depositor"] for each in deposits} == {BOB.address, CAROL.address}
    mine = ask(chain, "v1.Query/Proposals", depositor=BOB.address)["proposals"]
    assert [each["id"] for each in mine] == ["1"]
    assert ask(chain, "v1.Query/Proposals", voter=BOB.address)["proposals"] == []


def test_expedited_proposal__should_go_on_as_an_ordinary_one(chain: Chain) -> None:
    sent(chain, CAROL, proposal(deposit=EXPEDITED, expedited=True))
    sent(chain, ALICE, vote(ALICE, VOTE_OPTION_YES))
    sent(chain, BOB, vote(BOB, VOTE_OPTION_NO))
    pass_time(chain, 51)
    found = shown(chain)
    assert (found["status"], found["expedited"]) == ("PROPOSAL_STATUS_VOTING_PERIOD", False)
    pass_time(chain, 150)
    assert shown(chain)["status"] == "PROPOSAL_STATUS_PASSED"


def test_expedited_proposal__should_pass_early_with_more_votes(chain: Chain) -> None:
    sent(chain, CAROL, proposal(deposit=EXPEDITED, expedited=True))
    sent(chain, ALICE, vote(ALICE, VOTE_OPTION_YES))
    sent(chain, BOB, vote(BOB, VOTE_OPTION_YES))
    pass_time(chain, 51)
    assert shown(chain)["status"] == "PROPOSAL_STATUS_PASSED"


def test_proposal_that_fails__should_change_nothing(chain: Chain) -> None:
    sent(chain, ALICE, MsgFundCommunityPool(depositor=ALICE.address, amount=[coin(500)]))
    spends = [
        MsgCommunityPoolSpend(authority=GOV, recipient=BOB.address, amount=[coin(amount)])
        for amount in (400, 10**9)
    ]
    sent(chain, CAROL, proposal(*spends))
    sent(chain, ALICE, vote(ALICE, VOTE_OPTION_YES))
    before = chain.balance(BOB)
    pass_time(chain, 201)
    found = shown(chain)
    assert found["status"] == "PROPOSAL_STATUS_FAILED"
    assert "less than that" in found["failed_reason"]
    assert chain.balance(BOB) == before


def test_parameters__should_be_changed_by_a_vote(chain: Chain) -> None:
    keeper = chain.keepers.staking
    params = keeper.params(chain.ctx)
    params.max_validators = 1
    sent(chain, CAROL, proposal(staking.MsgUpdateParams(authority=GOV, params=params)))
    sent(chain, ALICE, vote(ALICE, VOTE_OPTION_YES))
    pass_time(chain, 201)
    assert keeper.params(chain.ctx).max_validators == 1
    assert ask(chain, "v1.Query/Params")["params"]["voting_period"] == "200s"


def test_parameters_of_a_module_whose_authority_is_governance__should_be_changed_by_a_vote(
    tmp_path: Path,
) -> None:
    theirs = {"authority": GOV}
    modules = {"treasury": theirs, "identity": theirs, "policy": theirs}
    parts = {**modules, "gov": {"params": PERIODS}}
    chain = staked(tmp_path / "home", creation(ALICE, 20_000_000), **parts)
    changes = [
        treasury.MsgUpdateParams(authority=GOV, params=treasury.Params(default_btl=77)),
        identity.MsgUpdateParams(authority=GOV, params=identity.Params(keyring_creation_fee=5)),
    ]
    sent(chain, CAROL, proposal(*changes))
    sent(chain, ALICE, vote(ALICE, VOTE_OPTION_YES))
    pass_time(chain, 201)
    assert shown(chain)["status"] == "PROPOSAL_STATUS_PASSED"
    assert chain.keepers.treasury.params(chain.ctx).default_btl == 77
    assert chain.keepers.identity.params(chain.ctx).keyring_creation_fee == 5


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (proposal(MsgSend(from_address=ALICE.address, to_address=BOB.address)), 10),
        (proposal(title=""), 11),
        (proposal(summary="x" * 10_201), 11),
        (proposal(deposit=99_999), 12),
        (tx.MsgSubmitProposal(proposer=CAROL.address, title="t", summary="s"), 0),
        (vote(CAROL, VOTE_OPTION_YES, 9), 3),
    ],
)
def test_what_cannot_be_proposed__should_be_refused(
    chain: Chain, message: Message, code: int
) -> None:
    assert sent(chain, CAROL, message)[0] == code


def test_vote__should_be_of_stake_and_make_one(chain: Chain) -> None:
    sent(chain, CAROL, proposal())
    assert sent(chain, CAROL, vote(CAROL, VOTE_OPTION_YES))[0] == 4
    sent(chain, CAROL, delegate(CAROL, A, 999_999))
    assert sent(chain, CAROL, vote(CAROL, VOTE_OPTION_YES))[0] == 4
    sent(chain, CAROL, delegate(CAROL, A, 1))
    assert sent(chain, CAROL, vote(CAROL, VOTE_OPTION_YES))[0] == 0

    def weighted(*weights: str) -> tx.MsgVoteWeighted:
        options = [
            WeightedVoteOption(option=option, weight=str(decimals.parse(weight)))
            for option, weight in zip(OPTIONS, weights, strict=False)
        ]
        return tx.MsgVoteWeighted(proposal_id=1, voter=ALICE.address, options=options)

    assert sent(chain, ALICE, weighted("0.5", "0.4"))[0] == 7
    assert sent(chain, ALICE, weighted("0.5", "0.6"))[0] == 7
    assert sent(chain, ALICE, weighted("1", "0"))[0] == 7
    assert sent(chain, ALICE, weighted())[0] == 7
    assert sent(chain, ALICE, vote(ALICE, 9))[0] == 7
    assert sent(chain, ALICE, weighted("0.5", "0.5"))[0] == 0


def test_proposer__should_take_back_what_is_its_own(chain: Chain) -> None:
    before = chain.balance(CAROL)
    sent(chain, CAROL, proposal())
    sent(chain, ALICE, vote(ALICE, VOTE_OPTION_YES))
    assert sent(chain, ALICE, tx.MsgCancelProposal(proposal_id=1, proposer=ALICE.address))[0] == 4
    assert sent(chain, CAROL, tx.MsgCancelProposal(proposal_id=1, proposer=CAROL.address))[0] == 0
    assert chain.balance(CAROL) == before - 200 - DEPOSIT // 2
    pass_time(chain, 201)
    with pytest.raises(NotFound):
        shown(chain)
    assert not list(state.VOTES.values(chain.store.state))


def test_older_words__should_propose_vote_and_be_answered(chain: Chain) -> None:
    text = older.TextProposal(title="older", description="as it was said before")
    submit = older_tx.MsgSubmitProposal(
        content=pack(text), initial_deposit=[coin(DEPOSIT)], proposer=CAROL.address
    )
    assert sent(chain, CAROL, submit) == (0, "")
    ballot = older_tx.MsgVote(proposal_id=1, voter=ALICE.address, option=older.VOTE_OPTION_YES)
    assert sent(chain, ALICE, ballot)[0] == 0
    more = older_tx.MsgDeposit(proposal_id=1, depositor=BOB.address, amount=[coin(DEPOSIT)])
    assert sent(chain, BOB, more)[0] == 0
    answer = ask(chain, "v1beta1.Query/Proposal", proposal_id=1)["proposal"]
    assert answer["content"]["title"] == "older"
    assert answer["total_deposit"] == [{"denom": "urock", "amount": str(2 * DEPOSIT)}]
    voted = ask(chain, "v1beta1.Query/Vote", proposal_id=1, voter=ALICE.address)["vote"]
    assert (voted["option"], voted["options"][0]["weight"]) == (
        "VOTE_OPTION_YES",
        "1.000000000000000000",
    )
    assert ask(chain, "v1beta1.Query/TallyResult", proposal_id=1)["tally"]["yes"] == "20000000"
    assert ask(chain, "v1beta1.Query/Params")["voting_params"] == {"voting_period": "200s"}
    other = older_tx.MsgSubmitProposal(content=pack(ballot), proposer=CAROL.address)
    assert sent(chain, CAROL, other)[0] == 9


def test_chain_without_stake__should_vote_on_nothing(tmp_path: Path) -> None:
    chain = Chain(tmp_path, first=genesis())
    assert sent(chain, CAROL, proposal())[0] == 4
    chain.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"quorum": "1.1"},
        {"threshold": "0"},
        {"voting_period": "0s"},
        {"voting_period": "40s"},
        {"expedited_threshold": "0.4"},
        {"min_deposit": [{"denom": "other", "amount": "1"}]},
        {"expedited_min_deposit": [{"denom": "urock", "amount": "1"}]},
        {"proposal_cancel_dest": ALICE.address},
    ],
)
def test_parameters_that_cannot_be__should_be_refused(
    chain: Chain, changed: dict[str, object]
) -> None:
    given = {**PERIODS, **changed}
    with pytest.raises(InvalidArgument):
        state.set_params(chain.ctx, params_from(state.DEFAULT_PARAMS, given, "gov"))
    assert isinstance(chain.keepers.gov.params(chain.ctx), Params)
