"""python -m aerospike doctor: why a client cannot use a cluster, or may not for long.

    wire        connections to nodes, and what is asked over them; each has a deadline
    texts       what nodes answer, as Python values
    findings    what can be wrong: what it means, and what to do
    checks      the steps, each of which looks at one thing
    show        the report for people
    cli         the command line

Only the last step uses the client. So what the other steps find does not depend on what
may be wrong in the client.
"""
