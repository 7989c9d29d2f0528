"""What benchmarks/devserver.py knows of the requests that it sends."""

import pytest

from devserver import cut, is_last, may_have_several, numbered, place_of

BATCH = 0x08
NAMESPACE, DIGEST, TASK_ID = 0, 4, 7


def frame(proto_type, body):
    return bytes((2, proto_type)) + len(body).to_bytes(6, "big") + body


def message(info1, *fields):
    head = bytes((22, info1)) + bytes(16) + len(fields).to_bytes(2, "big") + bytes(2)
    parts = [
        (len(data) + 1).to_bytes(4, "big") + bytes((kind,)) + data
        for kind, data in fields
    ]
    return frame(3, head + b"".join(parts))


GET = message(1, (NAMESPACE, b"test"), (DIGEST, bytes(20)))
SCAN = message(1, (NAMESPACE, b"test"), (TASK_ID, bytes(8)))
INFO = frame(1, b"node\n")


@pytest.mark.parametrize(
    ("request_", "several"),
    [
        (GET, False),
        (message(1 | BATCH, (NAMESPACE, b"test"), (DIGEST, bytes(20))), True),
        (SCAN, True),
        (INFO, False),
    ],
)
def test_batches_and_scans_have_replies_of_several_frames(request_, several):
    assert may_have_several(request_) is several


def test_what_a_record_ends_with_does_not_end_a_reply():
    end = bytes((22, 0, 0, 1)) + bytes(18)
    assert is_last(end)
    assert not is_last(bytes(30) + end)
    assert not is_last(bytes(22))


def test_a_scan_is_numbered_and_nothing_else_changes():
    at = place_of(TASK_ID, SCAN)
    assert numbered(SCAN, 7) == SCAN[:at] + (7).to_bytes(8, "big")
    assert numbered(GET, 7) == GET
    assert numbered(INFO, 7) == INFO


def test_frames_that_stand_one_behind_another_are_cut():
    assert list(cut(GET + INFO + SCAN)) == [GET, INFO, SCAN]
