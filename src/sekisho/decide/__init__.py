"""The pure engine: (request, facts, time) -> Decision with reasons.

Nothing below this folder does I/O, reads a clock or draws a random number.
"""
