"""Which failures count as skipped where a package is missing: see test/absent.py."""

import pytest

from aerospike.exception import ClientError, UDFError
from aerospike_devserver.handlers.udf.scripts import NO_LUPA

from .. import absent


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


LACK = ModuleNotFoundError("No module named 'lupa'", name="lupa.lua54")


@pytest.mark.parametrize(
    ("error", "package"),
    [
        (LACK, "lupa"),
        (raised_from(ClientError("an aggregation needs it"), LACK), "lupa"),
        (UDFError(100, NO_LUPA), "lupa"),
        (ModuleNotFoundError("No module named 'other'", name="other"), None),
        (AssertionError("No module named 'lupa'"), None),
        (AssertionError(NO_LUPA), None),
        (ClientError("Callback function contains an error"), None),
    ],
)
def test_only_a_failed_import_counts(monkeypatch, error, package):
    monkeypatch.setattr(absent, "ABSENT", ["lupa"])
    assert absent.missing_for(error) == package


def test_nothing_counts_where_the_package_is_there(monkeypatch):
    monkeypatch.setattr(absent, "ABSENT", [])
    assert absent.missing_for(LACK) is None
