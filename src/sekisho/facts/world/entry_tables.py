"""The keys of a cluster's ``accessEntries`` in a world file (EKS API Reference, "AccessEntry")."""

import re

from sekisho.decide.eks.access_entry import EntryType, ScopeType
from sekisho.facts.world.organization_tables import CREATED, SOME, TAGS, UNIQUE_ID
from sekisho.facts.world.shape import Choice, Listed, Member, Moment, Record, Text

ACCESS_SCOPE = Record(
    "accessScope",
    (
        Member("type", Choice(tuple(ScopeType), ScopeType.CLUSTER), "how far it reaches", required=True),
        Member("namespaces", Listed(Text()), "names of namespaces; `*` stands for any characters"),
    ),
)
ASSOCIATED_POLICY = Record(
    "associatedAccessPolicy",
    (
        Member("policyArn", SOME, "ARN of an access policy, or its name alone", required=True),
        Member("accessScope", ACCESS_SCOPE, "where it holds; default: in the whole cluster"),
        Member("associated", Moment(), "when it was associated; default: when the entry was made"),
        Member("updated", Moment(), "when its scope was changed last; default: `associated`"),
    ),
)
ACCESS_ENTRY = Record(
    "accessEntry",
    (
        Member(
            "principalArn",
            SOME,
            "ARN of a user or role of the file, gone ones included; in the cluster's account `user/NAME` or "
            "`role/NAME` too",
            required=True,
        ),
        Member(
            "principalId",
            UNIQUE_ID,
            "unique id that the ARN stood for when the entry was made; default: today's",
        ),
        Member(
            "entryId",
            Text(re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII), "letters, digits and `-`"),
            "last part of the entry's own ARN; default: made of the cluster's ARN and the principal's",
        ),
        CREATED,
        Member("updated", Moment(), "when user name or groups were changed last; default: `created`"),
        Member("type", Choice(tuple(EntryType), EntryType.STANDARD), "what the principal is for"),
        Member("username", Text(), "user name; default: the one that EKS gives"),
        Member("kubernetesGroups", Listed(Text()), "groups"),
        Member("tags", TAGS, "tags"),
        Member("associatedAccessPolicies", Listed(ASSOCIATED_POLICY), "access policies"),
    ),
)
