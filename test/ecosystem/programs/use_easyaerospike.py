"""easyaerospike: single values and records, with policies of the 2.x line."""

import sys

from easyaerospike.easyaerospike import AerospikeConnector

host, port = sys.argv[1], int(sys.argv[2])

connector = AerospikeConnector(host, port, "test", "eco_easy", connect=True)
connector.put("single", 5)
assert connector.get("single") == (None, 5)
connector.put("named", {"a": 1, "b": [1, 2]}, store_key=True)
assert connector.get("named") == (None, {"a": 1, "b": [1, 2], "key": "named"})
connector.put("pair", "value", store_key=True)
assert connector.get("pair") == ("pair", "value")
assert connector.exists("pair")
connector.remove("pair")
assert not connector.exists("pair")
assert connector.get("pair") == (None, None)
connector.create_index("a", type_="integer", name="eco_easy_a")
connector.client.index_remove("test", "eco_easy_a")
connector.close_connection()
assert connector.client is None
