"""A reply of rows, in a stream of frames: what queries and aggregations share.

Source: section 2 of the page on queries.
"""

from __future__ import annotations

from collections.abc import Iterator

from aerospike_devserver.codec.frame import ProtoType, frame
from aerospike_devserver.codec.message import encode_last, encode_last_message
from aerospike_devserver.reply import Stream
from aerospike_devserver.result import Result
from aerospike_devserver.storage.jobs import Job
from aerospike_devserver.storage.state import NodeState

BUFFER_SIZE = 128 * 1024
"""Bytes of rows that are sent in one frame; a row is never cut."""

Part = bytes | float | None
"""A message without a frame, a pause in seconds, or None: others are to have a turn."""


class RowStream:
    """A reply under way. At most one frame of rows is held at any time.

    A class that inherits from this one makes the rows, in `_parts`.
    """

    _is_short = False
    """Whether it ends in the last frame of rows."""

    def __init__(self, node: NodeState, job: Job) -> None:
        self._node = node
        self._job = job
        self._is_whole = False  # what becomes of the peer then is its own affair

    def _parts(self) -> Iterator[Part]:
        """The rows; what they lead to is the result of the job."""
        raise NotImplementedError

    def start(self) -> Stream:
        """The frames, as a stream that has begun: closing it ends the job as well."""
        stream = self._run()
        next(stream)
        return stream

    def _run(self) -> Stream:
        job = self._job
        try:
            yield b""
            for part in self._frames():
                job.n_bytes += len(part) if isinstance(part, bytes) else 0
                yield part
        except (GeneratorExit, TimeoutError) as why:
            is_late = isinstance(why, TimeoutError)
            if not self._is_whole:
                job.result = Result.TIMEOUT if is_late else Result.UNAVAILABLE
            raise
        finally:
            self._node.jobs.finish(job)

    def _frames(self) -> Iterator[bytes | float]:
        """Frames of records, pauses, and the frame that ends it all."""
        buffer: list[bytes] = []
        size = 0
        for part in self._parts():
            if isinstance(part, bytes):
                buffer.append(part)
                size += len(part)
            if size >= BUFFER_SIZE or (buffer and isinstance(part, float)):
                yield frame(ProtoType.MESSAGE, b"".join(buffer))
                buffer.clear()
                size = 0
            elif part is None:
                yield b""
            if isinstance(part, float):
                yield part
        yield self._end(buffer)

    def _end(self, buffer: list[bytes]) -> bytes:
        """The last rows, and what ends a reply: in a frame of its own if it is long."""
        self._is_whole = True
        if self._is_short:
            buffer.append(encode_last_message(self._job.result))
            return frame(ProtoType.MESSAGE, b"".join(buffer))
        rows = frame(ProtoType.MESSAGE, b"".join(buffer)) if buffer else b""
        return rows + encode_last(self._job.result)
