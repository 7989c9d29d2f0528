"""The codec turns bytes into messages and values, and back. It never holds a socket.

It is the server's own: the client has another, and each would notice an error of the
other.
"""
