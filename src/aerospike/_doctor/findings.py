"""What can be wrong: how much it hinders, what it means, what to do."""

from __future__ import annotations

from typing import Any, NamedTuple

PROBLEM, WARNING, NOTE = "problem", "warning", "note"


class Kind(NamedTuple):
    """A row of the table. The texts are formatted with what was found."""

    severity: str
    text: str
    meaning: str
    advice: str


def _problem(text: str, meaning: str, advice: str) -> Kind:
    return Kind(PROBLEM, text, meaning, advice)


def _warning(text: str, meaning: str, advice: str) -> Kind:
    return Kind(WARNING, text, meaning, advice)


def _note(text: str, meaning: str, advice: str) -> Kind:
    return Kind(NOTE, text, meaning, advice)


KINDS: dict[str, Kind] = {
    # --- the way to the first node ---
    "name-unknown": _problem(
        "{host} has no address: {reason}",
        "This machine cannot turn the name into an address.",
        "Check the spelling, and the resolver of this machine or container.",
    ),
    "lookup-slow": _problem(
        "nobody knew an address of {host} within {seconds:g} s",
        "The resolver of this machine does not answer.",
        "Check the resolver (on Linux /etc/resolv.conf), or give a numeric address.",
    ),
    "connection-refused": _problem(
        "{address} refuses connections",
        "The machine is there, and nothing listens at this port.",
        "Check that the server runs, and that this is its service port (3000 unless "
        "configured). In Docker, the port must be published (-p 3000:3000).",
    ),
    "connection-timeout": _problem(
        "{address} did not answer within {seconds:g} s",
        "Packets to this address get lost: a firewall drops them, or no machine is "
        "there.",
        "Check the address, firewalls and security groups between here and there.",
    ),
    "unreachable": _problem(
        "{address} cannot be reached: {reason}",
        "This machine knows no way to the address.",
        "Check the address, the routes of this machine, and that IPv6 works if it is "
        "such an address.",
    ),
    "silent": _problem(
        "{address} accepts connections and has said nothing for {seconds:g} s",
        "The process behind the port is stopped or overloaded, a proxy has nobody "
        "behind it, or the port expects TLS.",
        "Look at the server's process and log. If it is a port for TLS, use --tls.",
    ),
    "hung-up": _problem(
        "{address} closed the connection: {reason}",
        "The other side wants something else, such as TLS, or takes no more "
        "connections.",
        "If it is a port for TLS, use --tls. Otherwise look at the server's log, and "
        "at proto-fd-max.",
    ),
    "speaks-tls": _problem(
        "{address} speaks TLS",
        "The port expects TLS, and was asked without it.",
        "Use --tls with --tls-cafile and --tls-name, and `tls` in the client's "
        "configuration; or the port without TLS.",
    ),
    "speaks-http": _problem(
        "{address} is a web server",
        "Another service than Aerospike listens there.",
        "Check the port: that of clients is 3000 unless configured.",
    ),
    "speaks-other": _problem(
        "{address} does not speak the protocol of Aerospike: it begins with {start}",
        "Another service listens there, or another port of Aerospike (3001 and 3002 "
        "are between nodes).",
        "Check the port: that of clients is 3000 unless configured.",
    ),
    "tls-plain": _problem(
        "{address} speaks no TLS",
        "The port was asked for TLS, and answers something else.",
        "Leave --tls out, or use the port for TLS (4333 unless configured).",
    ),
    "tls-certificate": _problem(
        "{address} has a certificate that is not accepted: {reason}",
        "It was not issued by a CA that is trusted, is not made out to {name!r}, or "
        "has expired.",
        "Give the CA with --tls-cafile, and the name in the certificate with "
        "--tls-name.",
    ),
    "tls-failed": _problem(
        "{address} and this machine cannot agree on TLS: {reason}",
        "The port is not one for TLS, versions or ciphers differ, or the server wants "
        "a certificate from clients.",
        "Check the port (that for TLS is 4333 unless configured). Give a certificate "
        "with --tls-certfile and --tls-keyfile, and compare the protocols in the "
        "server's configuration.",
    ),
    "tls-name-missing": _warning(
        "no --tls-name is given; the certificate was checked for {name!r}",
        "A client does not take the host for the name of the certificate.",
        "Use --tls-name, and (host, port, tls-name) in `hosts` of the client's "
        "configuration.",
    ),
    "tls-expires": _warning(
        "the certificate expires on {expires}",
        "Clients will refuse it from then on.",
        "Renew it; the server and the clients read new files by themselves.",
    ),
    "login-required": _problem(
        "the cluster wants a login",
        "Its security is enabled, and no user was given.",
        "Use --user, and `user` and `password` in the client's configuration.",
    ),
    "login-refused": _problem(
        "{address} refuses the login of {user!r} (result {result})",
        "The user is unknown, the password is wrong or has expired, or users log in "
        "another way.",
        "Check user and password (60: there is no such user; 62 or 65: wrong password; "
        "63: it has expired), --auth (93: the directory refuses), and the user's "
        "whitelist (82: this machine is not in it).",
    ),
    "certificate-refused": _problem(
        "{address} refuses the login by the client's certificate (result {result})",
        "The common name of the certificate must be the name of a user of the cluster.",
        "Compare the certificate with the users of the cluster (60: there is no such "
        "user); admin_create_pki_user() makes one.",
    ),
    "security-lacking": _problem(
        "the server has no users",
        "It is of the Community Edition, to which a client with a user does not "
        "connect.",
        "Leave user and password out, here and in the client's configuration.",
    ),
    "security-off": _warning(
        "the cluster does not check who logs in",
        "Security is disabled, so that everybody may do everything.",
        "Enable it in the server's configuration, or log in nobody.",
    ),
    # --- the nodes ---
    "cluster-name": _problem(
        "the cluster is called {found!r}, not {wanted!r}",
        "A client whose `cluster_name` is {wanted!r} refuses its nodes.",
        "Check the address, and `cluster_name` on both sides.",
    ),
    "no-answer": _problem(
        "{address} does not tell {command!r}: {reason}",
        "A client needs that to find its nodes and records.",
        "Look at the roles of the user, and at the server's log.",
    ),
    "node-unreachable": _problem(
        "node {node} cannot be used at {addresses}: {reason}",
        "The cluster names these addresses to its clients. Records of this node cannot "
        "be read or written from here.",
        "Check that the node runs and that its port is open from here.",
    ),
    "node-behind-nat": _problem(
        "node {node} cannot be used at {addresses}: {reason}",
        "These are addresses of the network in which the node runs, such as that of a "
        "container. They mean nothing here, although the first node was reached in "
        "another way.",
        "Set access-address (and access-port) in network.service of the server to what "
        "clients reach, or alternate-access-address with use_services_alternate in the "
        "client. For Docker: docker run -e SERVICE_ACCESS_ADDRESS=..., or --network "
        "host.",
    ),
    "own-address": _warning(
        "node {node} was reached at {address}, and tells clients to use {addresses}, "
        "which cannot be used from here: {reason}",
        "Other nodes name that address too, so that clients lose this node, or do not "
        "find it. This is usual for a server in a container with a published port.",
        "Set access-address (and access-port) in network.service of the server to what "
        "clients reach; for Docker, docker run -e SERVICE_ACCESS_ADDRESS=...",
    ),
    "alternates-work": _note(
        "the alternate addresses of {nodes} can be reached",
        "The server knows addresses for clients outside of its network.",
        "Set `use_services_alternate: True` in the client's configuration.",
    ),
    "no-alternates": _problem(
        "node {node} has no alternate address",
        "A client with use_services_alternate does not find its nodes.",
        "Set alternate-access-address in the server's configuration, or leave "
        "--services-alternate out.",
    ),
    "another-node": _problem(
        "at {address} there is node {found}, where the cluster says {node}",
        "Two nodes have the same address for clients, as behind one load balancer or "
        "one published port.",
        "Give each node an address or a port of its own (access-address, access-port).",
    ),
    "cluster-split": _problem(
        "nodes do not agree on the cluster: {views}",
        "The cluster has fallen into parts, each of which believes that it is whole; "
        "or it is changing at this moment.",
        "Ask again in a minute. If that stays, check the heartbeat addresses and ports "
        "(3002), and the network between the nodes.",
    ),
    "cluster-doubt": _problem(
        "node {node} is not sure of its cluster (cluster_integrity=false)",
        "It sees other nodes than they see it.",
        "Check the heartbeat configuration and the network between the nodes.",
    ),
    # --- the data ---
    "map-holes": _problem(
        "namespace {namespace}: {n} of 4096 partitions have no master ({partitions})",
        "Records in these partitions cannot be read or written: the node that has them "
        "was not reached, or is gone.",
        "Mend what was found about nodes first. With strong consistency, look at "
        "dead and unavailable partitions.",
    ),
    "map-conflict": _warning(
        "namespace {namespace}: {n} partitions have two masters ({partitions})",
        "Nodes do not agree who owns them; a client believes the newest. This is usual "
        "while partitions move.",
        "Ask again once migrations have ended.",
    ),
    "map-copies": _warning(
        "namespace {namespace}: {n} partitions have fewer than {wanted} copies",
        "If the node that has the only copy is lost, the records are gone.",
        "Wait for the migrations. If they have ended, a node is missing.",
    ),
    "partitions-unavailable": _problem(
        "namespace {namespace}: {unavailable} partitions are unavailable, {dead} dead",
        "With strong consistency these refuse commands until their nodes are back.",
        "Bring the nodes of the roster back; `revive` dead partitions only if what "
        "they may have lost is known.",
    ),
    "stop-writes": _problem(
        "namespace {namespace} takes no writes on node {node}",
        "It is short of memory or storage, or its clock is too far off.",
        "Look at data_used_pct and the stop-writes-... limits of the namespace.",
    ),
    "evicting": _warning(
        "namespace {namespace} evicts records on node {node} (hwm_breached)",
        "It is above its high water mark, and removes records before their time.",
        "Give it more room, or records a shorter life.",
    ),
    "migrating": _note(
        "{n} partitions are still to be moved",
        "The cluster has changed lately; until they have moved, some commands take a "
        "way more.",
        "Wait, or look at the log if the number does not fall.",
    ),
    # --- versions, clocks, limits ---
    "builds-differ": _warning(
        "the nodes have different versions: {builds}",
        "That is meant to be so only while the cluster is being upgraded.",
        "End the upgrade.",
    ),
    "clock-here": _warning(
        "the clock of node {node} is {seconds} s {direction} this machine's",
        "A time to live is counted by the servers' clocks, so that truncate() with a "
        "time, and what compares times of both, goes wrong.",
        "Keep the clocks of all machines right with NTP or chrony.",
    ),
    "clock-nodes": _warning(
        "the clocks of the nodes differ by {seconds} s",
        "Records expire at different times on different nodes, and conflicts may be "
        "resolved wrongly.",
        "Keep the clocks of all nodes right with NTP or chrony.",
    ),
    "clock-stop-writes": _problem(
        "namespace {namespace} takes no writes on node {node}: its clock is off",
        "With strong consistency a node whose clock differs too much stops writes.",
        "Set its clock right (NTP or chrony).",
    ),
    "connections-near-limit": _warning(
        "node {node} has {used} of at most {most} connections",
        "Beyond proto-fd-max a node closes new connections at once.",
        "Raise proto-fd-max, or lower max_conns_per_node; it counts for each process.",
    ),
    "pool-above-limit": _warning(
        "a client may open {pool} connections to a node, which takes {most}",
        "One process alone can use up proto-fd-max.",
        "Raise proto-fd-max on the nodes, or lower max_conns_per_node.",
    ),
    # --- the client ---
    "client-failed": _problem(
        "the client cannot connect: {reason}",
        "It does what an application does, with the same settings.",
        "See the findings above. If there are none, please report this.",
    ),
    "client-slow": _problem(
        "the client was not done within {seconds:g} s",
        "It is still looking for nodes.",
        "See the findings above; --timeout gives it more time.",
    ),
    "client-misses-nodes": _warning(
        "the client has found {found} of {known} nodes",
        "It works with those, and goes on looking for the others.",
        "See the findings about nodes.",
    ),
    "step-failed": _problem(
        "this step has failed: {reason}",
        "The doctor met something that it does not know.",
        "Please report it, with the output of --json.",
    ),
}


class Finding(NamedTuple):
    """One thing that was found; see `Kind`."""

    step: str
    code: str
    severity: str
    text: str
    meaning: str
    advice: str
    details: dict[str, Any]


def finding(step: str, code: str, **details: Any) -> Finding:
    kind = KINDS[code]
    return Finding(
        step,
        code,
        kind.severity,
        kind.text.format(**details),
        kind.meaning.format(**details),
        kind.advice.format(**details),
        details,
    )
