"""A sign-in that somebody refused: the issuer, the person, or we because of what the issuer sent."""


class LoginRefused(Exception):  # noqa: N818 - a negative answer, neither malformed input nor an outage
    """Nobody was signed in; the text says why in one line and holds no credential."""
