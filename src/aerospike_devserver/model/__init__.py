"""What the server keeps: values, records, namespaces, the state of the cluster."""
