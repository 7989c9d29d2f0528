"""The exceptions: every class of the public API, its parents, its code, pickling."""

from __future__ import annotations

import ast
import builtins
import copy
import pickle
from pathlib import Path

import pytest

import aerospike
from aerospike import exception

HERE = Path(__file__).parent
STUB = Path(exception.__file__).with_suffix(".pyi")


def rows() -> list[tuple[str, str, int | None]]:
    """(class, parent, code) of each class that applications may name."""
    lines = (HERE / "exceptions.txt").read_text().splitlines()[1:]
    words = [line.split() for line in lines]
    return [(n, p, None if code == "-" else int(code)) for n, p, code in words]


ROWS = rows()
NAMES = [name for name, _, _ in ROWS]
BUILTIN_PARENTS = {
    "ConnectionError": builtins.ConnectionError,
    "RecordNotFound": KeyError,
    "TimeoutError": builtins.TimeoutError,
}
CALL_ARGS = (2, "it is not there", "get.c", 17, True)
CALL_TEXT = (
    "RECORD_NOT_FOUND (2, AEROSPIKE_ERR_RECORD_NOT_FOUND): it is not there [in doubt]"
)


def classes() -> dict[str, type[exception.AerospikeError]]:
    """The exception classes of the module, by the name they are exported under."""
    return {
        name: value
        for name, value in vars(exception).items()
        if isinstance(value, type) and issubclass(value, exception.AerospikeError)
    }


@pytest.mark.parametrize(("name", "parent", "code"), ROWS)
def test_class_has_its_parent_and_code(name, parent, code):
    cls = getattr(exception, name)
    wanted = Exception if parent == "Exception" else getattr(exception, parent)
    assert issubclass(cls, wanted)
    if parent != "Exception":
        assert cls.__bases__[0] is wanted
    assert cls.code == code
    assert cls().code == code
    assert cls.__module__ == "aerospike.exception"


def test_warning_has_two_names_and_is_no_error():
    assert aerospike.AerospikeWarning is exception.AerospikeWarning
    assert exception.AerospikeWarning.__bases__ == (UserWarning,)


def test_module_has_no_other_classes():
    assert set(classes()) == set(NAMES)


@pytest.mark.parametrize("name", ["NoXDR", "AlwaysForbidden"])
def test_one_class_has_two_names(name):
    with pytest.raises(exception.NoXDR):
        raise getattr(exception, name)
    with pytest.raises(exception.AlwaysForbidden):
        raise getattr(exception, name)


@pytest.mark.parametrize(("name", "parent"), BUILTIN_PARENTS.items())
def test_class_is_the_builtin_of_that_meaning_too(name, parent):
    error = getattr(exception, name)(*CALL_ARGS)
    assert isinstance(error, parent)
    assert error.args == CALL_ARGS
    assert str(error) == CALL_TEXT
    assert getattr(error, "errno", None) is None


@pytest.mark.parametrize("name", ["IndexError", "AerospikeError", "ParamError"])
def test_class_is_no_builtin(name):
    mro = getattr(exception, name).__mro__
    assert {cls.__module__ for cls in mro if cls not in (Exception, BaseException)} == {
        "aerospike.exception",
        "builtins",  # object
    }
    assert not issubclass(getattr(exception, name), (LookupError, OSError, ValueError))


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_instance_shows_what_the_client_gave_it(name):
    error = getattr(exception, name)(*CALL_ARGS)
    assert error.args == CALL_ARGS
    assert str(error) == CALL_TEXT
    assert repr(error) == f"{type(error).__name__}{CALL_ARGS!r}"
    seen = error.code, error.msg, error.file, error.line, error.in_doubt
    assert seen == CALL_ARGS
    assert (error.subcode, error.host, error.phase) == (0, None, None)
    assert (error.attempts, error.elapsed_ms) == (0, 0)


@pytest.mark.parametrize("name", sorted(set(NAMES)))
@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])
def test_pickle_and_copy_keep_everything(name, again):
    error = getattr(exception, name)(*CALL_ARGS)
    error.host, error.phase, error.attempts = "127.0.0.1:3000", "command", 3
    error.key, error.bin, error.extra = ("test", "demo", 1), "n", [1]
    other = again(error)
    assert type(other) is type(error)
    assert other.args == error.args
    assert vars(other) == vars(error)


@pytest.mark.parametrize(
    ("cls", "attributes"),
    [
        ("RecordError", ["key", "bin"]),
        ("RecordNotFound", ["key", "bin"]),
        ("LDTNotFound", ["key", "bin"]),
        ("UDFError", ["module", "func"]),
        ("LuaFileNotFound", ["module", "func"]),
        ("IndexError", ["name"]),
        ("IndexNotFound", ["name"]),
    ],
)
def test_class_has_attributes_of_its_own(cls, attributes):
    error = getattr(exception, cls)()
    assert [getattr(error, name) for name in attributes] == [None] * len(attributes)


@pytest.mark.parametrize(
    "args", [(), ("hello",), ("hello", 1), (7, "text"), ("a", "b", "c", "d", "e")]
)
def test_instance_made_by_hand_keeps_its_arguments(args):
    error = exception.RecordNotFound(*args)
    assert error.args == args
    assert error.code == 2
    assert error.msg is None
    assert pickle.loads(pickle.dumps(error)).args == args


def test_text_of_an_instance_made_by_hand_is_its_argument():
    assert str(exception.RecordNotFound("hello")) == "hello"
    assert str(exception.ClientError()) == ""


def test_four_arguments_of_the_older_kind_set_the_attributes():
    error = exception.ServerError(1, "text", "file", 3)
    assert (error.code, error.msg, error.file, error.line) == (1, "text", "file", 3)
    assert error.in_doubt is False


def test_attributes_live_on_the_instance():
    exception.RecordNotFound(*CALL_ARGS)
    fresh = exception.RecordNotFound()
    assert (fresh.msg, fresh.file, fresh.line, fresh.in_doubt) == (None,) * 3 + (False,)


def test_stub_names_the_classes_of_the_module():
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    in_stub = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    aliases = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert in_stub | aliases == {*NAMES, "AerospikeWarning"}


def test_stub_and_module_agree_on_bases():
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name != "AerospikeWarning":
            names = [ast.unparse(base).removeprefix("builtins.") for base in node.bases]
            bases = [base.__name__ for base in classes()[node.name].__bases__]
            assert names == bases, node.name


@pytest.mark.parametrize("name", NAMES)
def test_arguments_of_an_error_made_by_hand_are_its_text(name):
    error = getattr(exception, name)("one", "two", "three", "four")
    assert str(error) == "('one', 'two', 'three', 'four')"
