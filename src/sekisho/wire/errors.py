"""What a message on the wire can have wrong with it.

One error for every protocol: the server that caught it chooses the form of the answer
(HTTP 400 for a webhook, an ``ErrorResponse`` for an AWS service, a ``Status`` for Kubernetes).
"""

from sekisho.decide.values import Ref, SekishoInputError

MALFORMED = "wire.malformed"


class WireError(Exception):
    """The bytes are not a message of the protocol; nothing was decided and nothing done.

    Args:
        place: where in the message (``body``, ``spec.token``, ``query``).
        problem: what was expected there, one line. For an AWS service this is the message the
            client sees, in AWS's own words. Never holds a credential.
        code: the code of the answer: AWS's own (``ValidationError``) for an AWS service.
        status: the HTTP status of the answer, 400 to 499.
    """

    def __init__(self, place: str, problem: str, *, code: str = MALFORMED, status: int = 400) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem
        self.code = code
        self.status = status

    def as_input_error(self) -> SekishoInputError:
        """Return the same fault for a reader who gave a file rather than sent a request."""
        return SekishoInputError.single(self.code, Ref(self.place), self.problem)
