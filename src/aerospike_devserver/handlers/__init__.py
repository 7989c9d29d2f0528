"""Handlers carry out requests: a decorated function for each command or operation.

A handler takes the parsed request, works on `storage` and returns the reply. What goes
wrong it raises; the dispatcher makes the error reply.
"""
