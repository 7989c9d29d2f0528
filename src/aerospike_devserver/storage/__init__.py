"""What the server keeps: records, indexes, jobs, namespaces, state of the cluster."""
