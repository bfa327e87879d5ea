"""EVM chains (`eip155`): sends, composes, and carries Direct answers to their contracts.

`destination` sends and looks, `composer` builds, `answers` makes the transaction of a Direct answer
from the relayer's gas account and `contract` knows what the Direct contract says.
"""

from relayer.destinations import Adapter
from relayer.destinations.evm.answers import AnswerBuilder
from relayer.destinations.evm.composer import EvmComposer
from relayer.destinations.evm.destination import EvmDestination

ADAPTER = Adapter(EvmDestination, EvmComposer, AnswerBuilder)
