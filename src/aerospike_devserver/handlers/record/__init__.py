"""Commands on records: one record, batches, and the operations on their bins."""
