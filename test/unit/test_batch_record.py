"""BatchRecord and its family: a type of the extension that behaves as a class does."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import weakref
from typing import Any, cast

import pytest

from aerospike_helpers.batch import records
from aerospike_helpers.batch.records import (
    Apply,
    BatchRecord,
    BatchRecords,
    Read,
    Remove,
    Write,
)

KEY = ("test", "demo", 1)
ATTRIBUTES = ("key", "record", "result", "message", "subcode", "in_doubt")

# a Read of the class that was written in Python
OLD_PICKLE = (
    b"\x80\x02caerospike_helpers.batch.records\nRead\n)\x81}X\x04\x00\x00\x00noteX\x04"
    b"\x00\x00\x00mines}(X\x04\x00\x00\x00metaNX\x03\x00\x00\x00opsNX\x06\x00\x00\x00"
    b"policyNX\r\x00\x00\x00read_all_bins\x88X\x08\x00\x00\x00in_doubt\x88X\x03\x00"
    b"\x00\x00keyX\x04\x00\x00\x00testX\x04\x00\x00\x00demoK\x01\x87X\x07\x00\x00\x00"
    b"messageX\x01\x00\x00\x00mX\x06\x00\x00\x00recordNX\x06\x00\x00\x00resultK\x02X"
    b"\x07\x00\x00\x00subcodeK\x05u\x86b."
)


class Mine(Write):
    """What an application may make of such a class."""

    def __init__(self, key: Any) -> None:
        super().__init__(key, [])
        self.made_by = "me"


def values(record: BatchRecord) -> list[Any]:
    return [getattr(record, name) for name in ATTRIBUTES]


def filled() -> BatchRecord:
    record: Any = BatchRecord(KEY)
    record.record, record.result, record.message = (KEY, None, {"a": 1}), -3, "text"
    record.subcode, record.in_doubt = 2**32 - 1, True
    record.note = "mine"
    made: BatchRecord = record
    return made


def test_new_record_says_that_nothing_was_asked():
    assert values(BatchRecord(KEY)) == [KEY, None, 0, None, 0, False]
    assert str(inspect.signature(BatchRecord)) == "(key)"
    assert BatchRecord(key=KEY).key is KEY
    with pytest.raises(TypeError):
        BatchRecord()  # type: ignore[call-arg]


def test_class_is_known_by_the_module_of_applications():
    assert BatchRecord.__module__ == records.__name__
    assert {cls.__mro__[1] for cls in (Read, Write, Apply, Remove)} == {BatchRecord}


def test_attributes_can_be_set_and_those_that_are_objects_deleted():
    record: Any = filled()
    assert values(record)[1:] == [(KEY, None, {"a": 1}), -3, "text", 2**32 - 1, True]
    record.in_doubt = 0
    assert record.in_doubt is False
    for name in ("key", "record", "message"):
        delattr(record, name)
        with pytest.raises(AttributeError, match=name):
            getattr(record, name)


@pytest.mark.parametrize("name", ["result", "subcode"])
def test_number_takes_no_other_value(name):
    record = filled()
    before = getattr(record, name)
    for wrong, error in (
        ("a", TypeError),
        (2**40, OverflowError),
        (-(2**32), OverflowError),
    ):
        with pytest.raises(error):
            setattr(record, name, wrong)
    with pytest.raises(TypeError):
        delattr(record, name)
    assert getattr(record, name) == before


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copy_has_all_attributes(copied):
    record = copied(filled())
    assert values(record) == values(filled())
    assert record.note == "mine"


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "record", [filled(), Read(KEY, None, True), Apply(KEY, "m", "f", [1]), Mine(KEY)]
)
def test_pickle_gives_all_attributes(record, protocol):
    read = pickle.loads(pickle.dumps(record, protocol))
    assert type(read) is type(record)
    assert values(read) == values(record)
    for name in (*getattr(type(record), "__slots__", ()), *vars(record)):
        assert getattr(read, name) == getattr(record, name)


def test_pickle_of_an_earlier_version_can_be_read():
    read = pickle.loads(OLD_PICKLE)
    assert values(read) == [KEY, None, 2, "m", 5, True]
    assert (read.read_all_bins, read.ops, read.note) == (True, None, "mine")


def test_text_names_class_and_what_came_of_the_record():
    assert repr(Read(KEY, None)) == f"Read({KEY}, result=0, record=None)"
    shown = "result=-3, message='text', in_doubt=True"
    assert repr(filled()) == f"BatchRecord({KEY}, {shown}, record={filled().record})"
    itself: Any = BatchRecord(KEY)
    itself.record = itself
    with pytest.raises(RecursionError):
        repr(itself)


def test_records_are_equal_to_themselves_alone():
    one = filled()
    assert {one: 1}[one] == 1
    assert one != filled()
    assert len({one, filled()}) == 2


def test_cycle_is_collected():
    record: Any = Mine(KEY)
    record.record = record.key = record.itself = record
    gone = weakref.ref(record)
    assert gc.is_tracked(record)
    del record
    gc.collect()
    assert gone() is None


def test_long_chain_ends_without_overflowing_the_stack():
    record: Any = BatchRecord(KEY)
    for _ in range(100_000):
        outer: Any = BatchRecord(KEY)
        outer.record = record
        record = outer


def test_classes_can_be_subscribed_at_run_time():
    for cls, of in (BatchRecord, dict), (BatchRecords, Write):
        alias = cast("Any", cls).__class_getitem__(of)
        assert (alias.__origin__, alias.__args__) == (cls, (of,))


def test_batch_gives_its_records_one_by_one():
    rows = [Read(KEY, None), Remove(KEY)]
    assert list(BatchRecords(rows)) == rows
    assert not list(BatchRecords())
