"""A real window on a temporary profile, a real database, a real loopback server."""
