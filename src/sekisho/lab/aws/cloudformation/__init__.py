"""CloudFormation, as far as stacks of identity need it: roles, policies, access entries, associations."""

from sekisho.lab.aws.cloudformation import change_sets, described, stacks, templates
from sekisho.lab.aws.operation import Operation

OPERATIONS: dict[str, Operation] = {
    **change_sets.OPERATIONS,
    **described.OPERATIONS,
    **stacks.OPERATIONS,
    **templates.OPERATIONS,
}

__all__ = ["OPERATIONS"]
