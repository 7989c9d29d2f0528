"""Run by `test_official_keys.py` where the `aerospike` of PyPI is installed.

    python official_keys.py HOST:PORT

Prints one line of JSON for each user key: its digest, as a read of the record shows it
and, where that client computes one, as calc_digest() does; and the key that comes back.
"""

import json
import sys
from typing import Any

import aerospike

NS, SET = "test", "official_keys"
KEYS: dict[str, Any] = {
    "text": "k1",
    "text empty": "",
    "text beyond ASCII": "cl\u00e9 \U0001f511",
    "text long": "x" * 300,
    "text of digits": "17",
    "int": 17,
    "int 0": 0,
    "int -1": -1,
    "int largest": 2**63 - 1,
    "int smallest": -(2**63),
    "bool": True,
    "bytes": b"k1",
    "bytes beyond UTF-8": b"\xff\xfe",
    "blob": bytearray(b"k1"),
    "blob with NUL": bytearray(b"\x00\xff"),
    "blob of all bytes": bytearray(range(256)),
}


def digest_of(user_key, set_name=SET):
    """As calc_digest() computes it; None where the client refuses the key."""
    try:
        return aerospike.calc_digest(NS, set_name, user_key).hex()
    except Exception:  # noqa: BLE001 - however it refuses
        return None


def main(host):
    address, _, port = host.rpartition(":")
    policies = {"read": {"total_timeout": 30_000}}
    client = aerospike.client({"hosts": [(address, int(port))], "policies": policies})
    for name, user_key in KEYS.items():
        found = client.exists((NS, SET, user_key))
        shown = [found[0][3].hex(), digest_of(user_key), digest_of(user_key, "")]
        print(json.dumps([name, shown, found[1] is not None]))
    client.close()


if __name__ == "__main__":
    main(sys.argv[1])
