"""Every parameter of a request as a field."""
