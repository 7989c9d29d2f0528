"""A cache for Django, which all processes of a site share."""

import functools
import math
import pickle
import time

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

import aerospike
from aerospike import exception
from aerospike_helpers.batch.records import BatchRecords, Write
from aerospike_helpers.operations import operations

# Django makes a cache for each thread; all of them share one client of the process
connect = functools.cache(aerospike.client_from_url)


class AerospikeCache(BaseCache):
    """LOCATION: a URL of the client. OPTIONS: may have NAMESPACE and SET."""

    def __init__(self, location, params):
        super().__init__(params)
        options = params.get("OPTIONS", {})
        self._client = connect(location)
        self._place = options.get("NAMESPACE", "test"), options.get("SET", "django")

    def _key(self, key, version):
        return (*self._place, self.make_and_validate_key(key, version=version))

    def _ttl_s(self, timeout):
        """The time to live; 0 for a value that must not be kept."""
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.default_timeout
        if timeout is None:
            return aerospike.TTL_NEVER_EXPIRE
        return max(0, math.ceil(timeout))

    def get(self, key, default=None, version=None):
        try:
            return value_of(self._client.get(self._key(key, version)))
        except exception.RecordNotFound:
            return default

    def get_many(self, keys, version=None):
        keys = list(keys)
        rows = self._client.batch_read([self._key(key, version) for key in keys])
        found = zip(keys, rows, strict=True)
        return {key: value_of(row.record) for key, row in found if row.record}

    def set(self, key, value, timeout=DEFAULT_TIMEOUT, version=None, policy=None):
        ttl_s, place = self._ttl_s(timeout), self._key(key, version)
        bins, meta = {"value": bin_of(value)}, {"ttl": ttl_s or 1}
        self._client.put(place, bins, meta, policy)
        if ttl_s == 0:
            self.delete(key, version)

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        policy = {"exists": aerospike.POLICY_EXISTS_CREATE}
        try:
            self.set(key, value, timeout, version, policy)
        except exception.RecordExistsError:
            return False
        return True

    def set_many(self, data, timeout=DEFAULT_TIMEOUT, version=None):
        ttl_s, rows = self._ttl_s(timeout), BatchRecords()
        for key, value in data.items():
            ops = [operations.write("value", bin_of(value))]
            write = Write(self._key(key, version), ops, {"ttl": ttl_s or 1})
            rows.batch_records.append(write)
        self._client.batch_write(rows)
        if ttl_s == 0:
            self.delete_many(data, version)
        return [key for key, row in zip(data, rows, strict=True) if row.result]

    def touch(self, key, timeout=DEFAULT_TIMEOUT, version=None):
        ttl_s = self._ttl_s(timeout)
        if ttl_s == 0:
            return self.delete(key, version)
        try:
            self._client.touch(self._key(key, version), ttl_s)
        except exception.RecordNotFound:
            return False
        return True

    def incr(self, key, delta=1, version=None):
        ops = [operations.increment("value", delta), operations.read("value")]
        meta = {"ttl": aerospike.TTL_DONT_UPDATE}
        policy = {"exists": aerospike.POLICY_EXISTS_UPDATE}
        try:
            record = self._client.operate(self._key(key, version), ops, meta, policy)
        except exception.RecordNotFound:
            raise ValueError(f"Key '{key}' not found") from None
        except exception.BinIncompatibleType:
            raise TypeError(f"Key '{key}' is not a number") from None
        return record.bins["value"]

    def delete(self, key, version=None):
        try:
            self._client.remove(self._key(key, version))
        except exception.RecordNotFound:
            return False
        return True

    def clear(self):
        time.sleep(0.002)  # the server keeps what was written in this millisecond
        self._client.truncate(*self._place, 0)


def bin_of(value):
    """Numbers as they are, for incr(); all else is pickled."""
    is_number = type(value) is int and -(2**63) <= value < 2**63
    return value if is_number else pickle.dumps(value)


def value_of(record):
    value = record.bins["value"]
    return value if type(value) is int else pickle.loads(value)
