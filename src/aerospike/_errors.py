"""The errors that the package's Python code raises itself."""

from __future__ import annotations

from aerospike import exception

_LONGEST_TEXT = 1000


def param_error(text: str) -> exception.AerospikeError:
    """For an argument that is malformed."""
    return exception.ParamError(-2, text, __file__, 0, False)


def client_error(text: str) -> exception.AerospikeError:
    """For any other failure in the client."""
    if len(text) > _LONGEST_TEXT:  # it may quote an error, which quotes ...
        text = text[:_LONGEST_TEXT] + " ..."
    return exception.ClientError(-1, text, __file__, 0, False)
