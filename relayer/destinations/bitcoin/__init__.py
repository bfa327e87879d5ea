"""Bitcoin (`bip122`): sends and looks. Its composer keeps coins, so it is a daemon of its own."""

from relayer.destinations import Adapter
from relayer.destinations.bitcoin.destination import BitcoinDestination

ADAPTER = Adapter(BitcoinDestination)
