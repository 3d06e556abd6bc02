"""Pure values of the program: standard library only, no I/O, no Qt. Everything else may import them."""
