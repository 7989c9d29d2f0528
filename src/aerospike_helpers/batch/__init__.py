"""Records of batches; see `aerospike_helpers.batch.records`."""
