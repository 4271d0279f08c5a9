"""What a serving authenticator itself has to say."""

from sekisho.decide.decision import ReasonCode


class ServeCode(ReasonCode):
    """Why no source was asked."""

    SOURCES_UNREAD = (
        "authenticator.sources-unread",
        "nobody can be mapped yet: {sources} was not read since the start",
    )
    AUDIENCE = (
        "authenticator.audience",
        "the review asks for the audiences {wanted}; tokens hold for {audiences} here",
    )
