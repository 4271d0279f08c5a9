"""Every AWS operation of the lab is called by a test with a real client: a new one has to be, too."""

import re
from pathlib import Path

import pytest
from botocore import xform_name

from sekisho.lab.aws.services import OPERATIONS, served

TESTS = Path(__file__).parents[1]
SOURCES = {
    path.name: path.read_text(encoding="utf-8")
    for folder in ("wire", "e2e")
    for path in sorted((TESTS / folder).glob("*.py"))
    if path.name != "test_invalid_calls.py"
}
COUNTED = {"iam", "organizations"}
"""Services whose own module in tests/wire counts what it called and holds it to the table."""

NAMES = sorted(
    (service, name) for service in OPERATIONS if service not in COUNTED for name in served(service)
)


def calls(service: str, name: str) -> list[str]:
    """Return the test modules that call an operation, with boto3 or the AWS CLI."""
    snake = xform_name(name)
    dashed = xform_name(name, "-")
    pattern = re.compile(rf'\.{snake}\(|"{snake}"|"{name}"|\b{service}["\', ]+{dashed}\b|Action={name}\b')
    return [module for module, text in SOURCES.items() if pattern.search(text)]


@pytest.mark.parametrize(("service", "name"), NAMES, ids=[f"{service} {name}" for service, name in NAMES])
def test_an_operation_is_called_by_a_test_with_a_client(service: str, name: str) -> None:
    assert calls(service, name), f"no test in tests/wire or tests/e2e calls {service} {name}"


def test_services_that_count_do_count() -> None:
    for service in COUNTED:
        assert "client.called == set(OPERATIONS)" in SOURCES[f"test_{service}_operations.py"]


def test_a_call_is_told_from_a_mention() -> None:
    assert calls("sts", "GetCallerIdentity")
    assert calls("sts", "GetCallerIdentit") == []
