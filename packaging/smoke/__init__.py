"""The parts of packaging/smoke_test.py. They know the installed program from outside alone, and import
nothing of the checkout."""
