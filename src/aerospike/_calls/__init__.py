"""Calls of the client that are made of several requests.

Each is one generator function. It yields what it wants (`requests`), is sent the answer
or has the error thrown in, and returns the result. So it knows no client, and waits for
nothing itself: a runner asks, waits and decides how. `blocking` is the runner of the
client whose methods block; it alone may sleep. `awaiting` is that of the asynchronous
client. What both do stands in `steps`.
"""
