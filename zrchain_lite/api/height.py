"""The height of which a query asks, and that of which the answer is, in the metadata of both.

The Cosmos SDK's names: `x-cosmos-block-height` of a request and of gRPC's initial metadata, which
grpc-gateway shows as `Grpc-Metadata-X-Cosmos-Block-Height`.
"""

from __future__ import annotations

from collections.abc import Mapping

from zrchain_lite.engine.reading import Reading
from zrchain_lite.errors import InvalidArgument

METADATA = "x-cosmos-block-height"
HEADER = "Grpc-Metadata-X-Cosmos-Block-Height"


def require_kept(engine: Reading, metadata: Mapping[str, str]) -> None:
    """Raises InvalidArgument for a height whose state is not kept, and for what is no height."""
    text = metadata.get(METADATA, "")
    if not text:
        return
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise InvalidArgument(f"{METADATA}: {text[:80]!r} is no height")
    engine.app.require_height(int(text))
