"""Tags of the root, OUs, accounts and policies. Keys are case-sensitive (User Guide, "Tagging")."""

from dataclasses import replace

from sekisho.facts import Organization, OrganizationPolicy, Put, Tags
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization
from sekisho.lab.aws.organizations.errors import constraint, invalid_input, not_found
from sekisho.lab.aws.organizations.listing import listed
from sekisho.lab.aws.organizations.node import Node, find_node, put

MAX_TAGS = 50


def tag_resource(context: Context, parameters: Parameters) -> Answer:
    """Add tags; a key that is there takes the new value."""
    resource = _tagged(context, parameters)
    given = tags_given(parameters)
    changed = {key for key, _ in given}
    tags = (*(tag for tag in tags_of(resource) if tag[0] not in changed), *given)
    _refuse_too_many(tags)
    return Answer({}, (_with_tags(resource, tags),))


def untag_resource(context: Context, parameters: Parameters) -> Answer:
    """Remove tags by key; keys that are not there change nothing."""
    resource = _tagged(context, parameters)
    gone = set(parameters["TagKeys"])
    return Answer({}, (_with_tags(resource, tuple(tag for tag in tags_of(resource) if tag[0] not in gone)),))


def list_tags_for_resource(context: Context, parameters: Parameters) -> Answer:
    """List the tags of a resource."""
    tags = tags_of(_tagged(context, parameters))
    # The operation has no MaxResults: all fit one page.
    sized = {**parameters, "MaxResults": MAX_TAGS}
    return Answer(listed("Tags", tags, sized, lambda tag: {"Key": tag[0], "Value": tag[1]}))


def tags_given(parameters: Parameters) -> Tags:
    """Return the tags of a request.

    Raises:
        AwsError: a key occurs twice, is reserved, or there are too many.
    """
    tags = tuple((tag["Key"], tag["Value"]) for tag in parameters.get("Tags") or ())
    keys = [key for key, _ in tags]
    if len(set(keys)) < len(keys):
        raise invalid_input("DUPLICATE_TAG_KEY", "Tag keys must be unique within a request.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid_input("INVALID_SYSTEM_TAGS_PARAMETER", "Tag keys can't begin with aws:.")
    _refuse_too_many(tags)
    return tags


def _refuse_too_many(tags: Tags) -> None:
    if len(tags) > MAX_TAGS:
        raise constraint(
            "MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags allowed on this resource."
        )


def _tagged(context: Context, parameters: Parameters) -> Node | OrganizationPolicy:
    organization = managed_organization(context)
    id_ = parameters["ResourceId"]
    # AWS's own policies belong to no organization and carry no tags.
    found = find_node(context.facts, organization, id_) or context.facts.organization_policy(
        organization.organization, id_
    )
    if found is None:
        raise not_found("Target", "target")
    return found


def tags_of(resource: Node | OrganizationPolicy) -> Tags:
    """Return the tags of the root, an OU, an account or a policy."""
    return resource.root_tags if isinstance(resource, Organization) else resource.tags


def _with_tags(resource: Node | OrganizationPolicy, tags: Tags) -> Put:
    if isinstance(resource, Organization):
        return put(replace(resource, root_tags=tags))
    return put(replace(resource, tags=tags))


OPERATIONS: dict[str, Operation] = {
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
