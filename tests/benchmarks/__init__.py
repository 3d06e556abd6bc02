"""What the program costs: ``python -m tests.benchmarks [--short] [NAME …]`` prints a table of figures.

Each figure stands beside its target and beside a baseline measured in the same run: absolute times say little
about another machine, or about this one when it is busy. Times are of the CPU unless a row says otherwise;
of repeated runs the cheapest counts.

start      from the start of the process to the first paint, and what it weighs
stream     an answer of 4,000 tokens, layer by layer
growth     an answer of 40,000 tokens: the last tenth against the first
response   from Enter to the request, from Esc to the closed connection
opening    a conversation of 10,000 messages
keys       a key press in a chat of 10,000 messages, until its tokens are told
context    the context inspector of a chat of 10,000 messages
evidence   keeping what went over the wire, in chats of 1,000 and 10,000 messages
details    the details of an answer to 10,000 messages: how long the window is away
history    starting with 1,000,000 messages, opening any chat, jumping to a hit, searching all of it
tokens     counting a chat of 10,000 messages, and a draft meanwhile

``python -m tests.benchmarks.transcript`` takes the transcript alone apart, and
``python -m tests.benchmarks.ledger`` asks for reports of a million attempts.
``python -m tests.benchmarks.histories FOLDER`` makes the profile that "history" measures.
"""
