"""How a reader says that it reads nothing of a file."""


class Refused(Exception):
    """Says in a sentence, for the user, why."""


DAMAGED = "It is damaged: it does not hold what its kind of file should."
PROTECTED = "It is protected by a password."
