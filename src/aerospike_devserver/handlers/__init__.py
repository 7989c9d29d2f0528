"""What the server does: one decorated function per info command and operation."""
