"""Info commands: text in, text out, one decorated function for each command."""
