"""The notes module: the smallest that a ledger can have, with one message and one query."""

from __future__ import annotations

from zrchain_lite.wire.zrsign.notes import notes_pb2 as wire

from zrchain_lite import binding
from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler

MAX_CHARS = 280


class NotesMessages:
    """Handlers of the module's messages."""

    def write(self, ctx: Context, msg: wire.MsgWrite) -> wire.MsgWriteResponse:
        """Replace the author's note."""
        if len(msg.text) > MAX_CHARS:
            raise InvalidArgument(f"a note has at most {MAX_CHARS} characters, not {len(msg.text)}")
        ctx.store.set(_key(msg.author), msg.text.encode())
        ctx.emit("note_written", author=msg.author)
        return wire.MsgWriteResponse()


class NotesQueries:
    """Answers from the last committed state."""

    def note(self, ctx: Context, request: wire.QueryNoteRequest) -> wire.QueryNoteResponse:
        """What an account wrote; raises NotFound."""
        text = ctx.store.get(_key(request.author))
        if text is None:
            raise NotFound(f"{request.author} wrote no note")
        return wire.QueryNoteResponse(text=text.decode())


class NotesModule(Module):
    """It has no genesis and nothing to do at a block's edges."""

    name = "notes"

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(wire.DESCRIPTOR, NotesMessages())

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(wire.DESCRIPTOR, NotesQueries())


def _key(author: str) -> bytes:
    return b"notes/" + author.encode()
