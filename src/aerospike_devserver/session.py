"""What the server remembers of one connection.

The transport opens and closes a session; handlers read it and note in it what concerns
the connection alone.
"""

from __future__ import annotations

from aerospike_devserver.storage.state import Login, NodeState


class Session:
    """A connection to a node, as the handlers see it. `close` ends it.

    peer: where the client is, `ip:port`. host: the address of this machine that the
    client has connected to. certificate: the common name of the client's certificate,
    None if it has shown none. login: None until the client has logged in.
    stall_limit_s: how long the client may take nothing of the stream that answers its
    last request, 0 = forever.
    """

    feed = None
    """It takes requests, not bytes."""

    __slots__ = (
        "certificate",
        "host",
        "login",
        "node",
        "peer",
        "stall_limit_s",
        "user_agent",
    )

    def __init__(
        self, node: NodeState, peer: str, host: str, certificate: str | None = None
    ) -> None:
        self.node = node
        self.peer = peer
        self.host = host
        self.certificate = certificate
        self.login: Login | None = None
        self.stall_limit_s = 0.0
        self.user_agent: str | None = None
        node.n_connections += 1
        node.n_opened += 1

    def set_user_agent(self, agent: str) -> None:
        """Count this connection under a user agent, given as base64."""
        self.user_agent = agent
        self.node.user_agents[agent] += 1

    def set_login(self, login: Login | None) -> None:
        """Count this connection under another user, or (None) under none."""
        counts = self.node.logged_in
        if self.login is not None:
            counts[self.login.user] -= 1
        if login is not None:
            counts[login.user] += 1
        self.login = login

    def close(self) -> None:
        """Take the connection out of the node's counts."""
        self.node.n_connections -= 1
        self.set_login(None)
        if self.user_agent is not None:
            self.node.user_agents[self.user_agent] -= 1
            self.node.user_agents += type(self.node.user_agents)()
