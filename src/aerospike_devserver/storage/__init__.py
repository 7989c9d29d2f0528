"""What the server keeps: records, indexes, jobs, namespaces, the state of the cluster.

Everything is in memory, and one thread changes it: that of the cluster's loop.
"""
