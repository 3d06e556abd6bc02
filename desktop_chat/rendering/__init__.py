"""What is worked out in the helper process of :mod:`desktop_chat.worker`: colours of code, formulas.

Plain data in, plain data out; imported by that process alone.
"""
