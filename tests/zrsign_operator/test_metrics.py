"""What Prometheus is told of an operator."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import REGISTRY

from tests.zrsign_operator.asked import made_ahead
from tests.zrsign_operator.conftest import MakeCluster
from tests.zrsign_operator.echo import execution, proposal
from tests.zrsign_operator.fake_ledger import ECDSA, ED25519
from zrsign_dmpc.run.rounds import Abort, Result
from zrsign_operator.metrics import Figures
from zrsign_operator.peers.frames import WorkKind
from zrsign_operator.work.runner import Ended


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_executions__should_be_counted_by_their_ends() -> None:
    figures = Figures()
    batch = replace(proposal(WorkKind.ECDSA), subjects=(1, 2, 3))

    def ended(outcome: Result[int] | Abort) -> Ended:
        return Ended(batch, execution(batch), outcome, 0.5)

    names = {"done": 0.0, "failed": 0.0}
    for outcome in names:
        names[outcome] = value("zrsign_operator_executions_total", kind="ecdsa", outcome=outcome)
    signed = value("zrsign_operator_signatures_total")
    seconds = value("zrsign_operator_execution_seconds_sum", kind="ecdsa")
    figures.ended(ended(Result(0)))
    figures.ended(ended(Abort("silent parties", (2,))))
    for outcome, before in names.items():
        now = value("zrsign_operator_executions_total", kind="ecdsa", outcome=outcome)
        assert now == before + 1
    assert figures.signed == 3
    assert value("zrsign_operator_signatures_total") == signed + 3
    assert value("zrsign_operator_execution_seconds_sum", kind="ecdsa") == seconds + 0.5
    # Work ahead of requests signs nothing.
    keygen = replace(batch, kind=WorkKind.KEYGEN, subjects=(1,))
    figures.ended(Ended(keygen, execution(keygen), Result(0), 0.5))
    assert figures.signed == 3


async def test_levels__should_be_those_of_now(make_cluster: MakeCluster) -> None:
    cluster = await make_cluster(2, (1, 2, 3))
    for key_type, name in ((ECDSA, ""), (ECDSA, "another"), (ED25519, "")):
        cluster.deal(key_type, name)
    holdings = cluster.operators[1].holdings
    holdings.add_presignature(made_ahead((1, 2), "first")[1])
    Figures().show(holdings, {3}, [proposal(WorkKind.AUX), proposal(WorkKind.FROST)])
    assert value("zrsign_operator_keys") == 3
    assert value("zrsign_operator_presignatures") == 1
    assert value("zrsign_operator_presignatures_least") == 0
    assert value("zrsign_operator_guilty") == 1
    assert value("zrsign_operator_running", kind="aux") == 1
    assert value("zrsign_operator_running", kind="keygen") == 0
