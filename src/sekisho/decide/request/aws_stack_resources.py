"""The stack that a call of CloudFormation is about.

Source: Service Authorization Reference of AWS CloudFormation; CloudFormation API Reference,
"DescribeStacks": a call that names no stack is about all of them.
"""

from sekisho.decide.request.aws_call import AwsCall, FindArns
from sekisho.decide.request.aws_request import ANY_RESOURCE


def stack_resources(call: AwsCall, find_arns: FindArns) -> tuple[str, ...]:
    """Return the ARN of the stack, there or about to be made; ``*`` where the parameters name none."""
    named = call.text("StackName")
    if named is not None:
        return (_stack(call, named, find_arns),)
    for parameter, kind in (("ChangeSetName", "changeset"), ("PhysicalResourceId", "resource")):
        given = call.text(parameter)
        if given is not None:
            found = find_arns(f"cloudformation:{kind}", (given,))
            return (_stack(call, "*", find_arns) if found is None else found,)
    return (ANY_RESOURCE,)


def _stack(call: AwsCall, named: str, find_arns: FindArns) -> str:
    if named.startswith("arn:"):
        return named
    # The UUID of a stack that is not there yet fits wildcards only.
    unknown = f"arn:{call.partition}:cloudformation:{call.region}:{call.account}:stack/{named}/*"
    return find_arns("cloudformation:stack", (named,)) or unknown
