"""Bad news from the world outside: neither the user's input nor a decision."""


class EnvironmentFailure(Exception):  # noqa: N818 - named for what failed; `...Error` is malformed input here
    """Something Sekisho depends on did not work: credentials, network, a service, the disk.

    Attributes:
        operation: what was tried (``sts:AssumeRole``, ``write /home/a/.kube/config``).
        message: one line, lower case, without a full stop; never holds a credential.
        can_retry: True if the same call may succeed later without anybody changing anything.
    """

    def __init__(self, operation: str, message: str, *, can_retry: bool = False) -> None:
        super().__init__(f"{operation}: {message}")
        self.operation = operation
        self.message = message
        self.can_retry = can_retry
