"""How operations, parameters, resources and condition keys belong together, as far as names do not tell.

Source: Service Authorization Reference of IAM, EKS, S3 and STS; Amazon S3 User Guide,
"Required permissions for Amazon S3 API operations".
"""

from collections.abc import Mapping

ACTIONS: Mapping[tuple[str, str], str] = {
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "ListObjects"): "s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    ("s3", "ListMultipartUploads"): "s3:ListBucketMultipartUploads",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "DeleteObjects"): "s3:DeleteObject",
    ("s3", "CreateMultipartUpload"): "s3:PutObject",
    ("s3", "UploadPart"): "s3:PutObject",
    ("s3", "CompleteMultipartUpload"): "s3:PutObject",
    ("s3", "AbortMultipartUpload"): "s3:AbortMultipartUpload",
    ("s3", "ListParts"): "s3:ListMultipartUploadParts",
    ("s3", "DeleteBucketTagging"): "s3:PutBucketTagging",
    ("s3", "DeleteBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "PutBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "PutPublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "DeletePublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "CopyObject"): "s3:PutObject",
    ("s3", "UploadPartCopy"): "s3:PutObject",
    ("s3", "DeleteBucketCors"): "s3:PutBucketCORS",
    ("s3", "DeleteBucketLifecycle"): "s3:PutLifecycleConfiguration",
    ("s3", "DeleteBucketOwnershipControls"): "s3:PutBucketOwnershipControls",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "s3:PutLifecycleConfiguration",
    ("s3", "GetObjectLockConfiguration"): "s3:GetBucketObjectLockConfiguration",
    ("s3", "PutObjectLockConfiguration"): "s3:PutBucketObjectLockConfiguration",
    ("kms", "ReEncrypt"): "kms:ReEncryptFrom",
    ("sns", "PublishBatch"): "sns:Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "sqs:ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "sqs:DeleteMessage",
    ("sqs", "SendMessageBatch"): "sqs:SendMessage",
}
"""Operations whose action has another name."""

VERSIONED = frozenset(
    f"s3:{verb}Object{part}"
    for verb, parts in {
        "Get": ("", "Acl", "Attributes", "Tagging"),
        "Put": ("Acl", "Tagging"),
        "Delete": ("", "Tagging"),
    }.items()
    for part in parts
)
"""Actions on an object that have a sibling (``s3:GetObjectVersion``) for one version of it."""

_WRITES_OBJECT = (
    ("Tagging", "s3:PutObjectTagging"),
    ("ACL", "s3:PutObjectAcl"),
    ("GrantFullControl", "s3:PutObjectAcl"),
    ("GrantRead", "s3:PutObjectAcl"),
    ("GrantReadACP", "s3:PutObjectAcl"),
    ("GrantWriteACP", "s3:PutObjectAcl"),
    ("ObjectLockMode", "s3:PutObjectRetention"),
    ("ObjectLockRetainUntilDate", "s3:PutObjectRetention"),
    ("ObjectLockLegalHoldStatus", "s3:PutObjectLegalHold"),
)

ALSO: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("iam", "CreateUser"): (("Tags", "iam:TagUser"),),
    ("iam", "CreateRole"): (("Tags", "iam:TagRole"),),
    ("iam", "CreatePolicy"): (("Tags", "iam:TagPolicy"),),
    ("iam", "CreateOpenIDConnectProvider"): (("Tags", "iam:TagOpenIDConnectProvider"),),
    ("iam", "CreateInstanceProfile"): (("Tags", "iam:TagInstanceProfile"),),
    ("iam", "CreateVirtualMFADevice"): (("Tags", "iam:TagMFADevice"),),
    ("sts", "AssumeRole"): (("Tags", "sts:TagSession"), ("SourceIdentity", "sts:SetSourceIdentity")),
    ("s3", "PutObject"): _WRITES_OBJECT,
    ("s3", "CreateMultipartUpload"): _WRITES_OBJECT,
    ("s3", "CopyObject"): _WRITES_OBJECT,
    ("secretsmanager", "CreateSecret"): (("Tags", "secretsmanager:TagResource"),),
    ("kms", "CreateKey"): (("Tags", "kms:TagResource"),),
    ("sqs", "CreateQueue"): (("tags", "sqs:TagQueue"),),
    ("sns", "CreateTopic"): (("Tags", "sns:TagResource"),),
    ("dynamodb", "CreateTable"): (("Tags", "dynamodb:TagResource"),),
    ("ecr", "CreateRepository"): (("tags", "ecr:TagResource"),),
    ("ssm", "PutParameter"): (("Tags", "ssm:AddTagsToResource"),),
    ("s3", "DeleteObject"): (("BypassGovernanceRetention", "s3:BypassGovernanceRetention"),),
    ("s3", "DeleteObjects"): (("BypassGovernanceRetention", "s3:BypassGovernanceRetention"),),
    ("s3", "CreateBucket"): (
        ("ACL", "s3:PutBucketAcl"),
        ("GrantFullControl", "s3:PutBucketAcl"),
        ("GrantRead", "s3:PutBucketAcl"),
        ("GrantReadACP", "s3:PutBucketAcl"),
        ("GrantWrite", "s3:PutBucketAcl"),
        ("GrantWriteACP", "s3:PutBucketAcl"),
        ("ObjectLockEnabledForBucket", "s3:PutBucketVersioning"),
        ("ObjectLockEnabledForBucket", "s3:PutBucketObjectLockConfiguration"),
        ("ObjectOwnership", "s3:PutBucketOwnershipControls"),
    ),
}
"""Operations in which a parameter, when sent, needs one more action on the same resource."""

NAMED_BY: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "iam:user": {"UserNameWithPath": (("UserName",),)},
    "iam:role": {"RoleNameWithPath": (("RoleName",),)},
    "iam:group": {"GroupNameWithPath": (("GroupName",),)},
    "iam:policy": {"PolicyNameWithPath": (("PolicyName",),)},
    "iam:instance-profile": {"InstanceProfileNameWithPath": (("InstanceProfileName",),)},
    "iam:mfa": {"MfaTokenIdWithPath": (("VirtualMFADeviceName",),)},
    "eks:cluster": {"ClusterName": (("clusterName",), ("name",))},
    "eks:nodegroup": {"ClusterName": (("clusterName",),), "NodegroupName": (("nodegroupName",),)},
    "eks:addon": {"ClusterName": (("clusterName",),), "AddonName": (("addonName",),)},
    "eks:fargateprofile": {
        "ClusterName": (("clusterName",),),
        "FargateProfileName": (("fargateProfileName",),),
    },
    "eks:identityproviderconfig": {
        "ClusterName": (("clusterName",),),
        "IdentityProviderType": (("identityProviderConfig", "type"),),
        "IdentityProviderConfigName": (("identityProviderConfig", "name"),),
    },
    "eks:podidentityassociation": {"ClusterName": (("clusterName",),), "UUID": (("associationId",),)},
    "eks-auth:cluster": {"ClusterName": (("clusterName",),)},
    "s3:bucket": {"BucketName": (("Bucket",),)},
    "s3:object": {"BucketName": (("Bucket",),), "ObjectName": (("Key",),)},
    "organizations:policy": {"PolicyId": (("PolicyId",), ("ResourceId",), ("Type",))},
    "organizations:account": {
        "AccountId": (("AccountId",), ("TargetId",), ("ChildId",), ("ResourceId",), ("Target", "Id"))
    },
    "organizations:organizationalunit": {
        "OrganizationalUnitId": (
            ("OrganizationalUnitId",),
            ("ParentId",),
            ("TargetId",),
            ("ChildId",),
            ("ResourceId",),
        )
    },
    "organizations:root": {"RootId": (("RootId",), ("ParentId",), ("TargetId",), ("ResourceId",))},
    "cognito-idp:userpool": {"UserPoolId": (("UserPoolId",),)},
    "sts:federated-user": {"FederatedUserName": (("Name",),)},
    "ec2:instance": {"InstanceId": (("InstanceId",),)},
    "ec2:security-group": {"SecurityGroupId": (("GroupId",),)},
    "ec2:subnet": {"SubnetId": (("SubnetId",),)},
    "ec2:volume": {"VolumeId": (("VolumeId",),)},
    "ec2:vpc": {"VpcId": (("VpcId",),)},
}
"""Resource type -> placeholder of its ARN -> where in the parameters its value stands, first found first."""

LISTED_BY: Mapping[str, tuple[str, str]] = {"ec2:instance": ("InstanceId", "InstanceIds")}
"""Resource type -> placeholder of its ARN and the parameter that lists the values of several."""

ARN_IN: Mapping[str, tuple[str, ...]] = {
    "iam": (
        "PolicyArn",
        "OpenIDConnectProviderArn",
        "SAMLProviderArn",
        "PolicySourceArn",
        "Arn",
        "SerialNumber",
    ),
    "eks": ("resourceArn",),
    "sts": ("RoleArn",),
    "cognito-idp": ("ResourceArn",),
}
"""Parameters that may name the resource by its ARN."""

TAKEN_AS_GIVEN = frozenset({"PolicySourceArn"})
"""Parameters whose text is the resource even where it is the ARN of nothing that the action acts on: the
operation refuses such an ARN in its own words, to those who may call it."""

WITH_PATH = frozenset(
    {
        "CreateUser",
        "CreateRole",
        "CreateGroup",
        "CreatePolicy",
        "CreateInstanceProfile",
        "CreateVirtualMFADevice",
    }
)
"""IAM operations that make something new, whose ARN follows from Path and name alone."""

PASSED_ROLES: Mapping[tuple[str, str], tuple[str, str | None]] = {
    ("iam", "AddRoleToInstanceProfile"): ("RoleName", "ec2.amazonaws.com"),
    ("eks", "CreateCluster"): ("roleArn", "eks.amazonaws.com"),
    ("eks", "CreateNodegroup"): ("nodeRole", None),
    ("eks", "CreateFargateProfile"): ("podExecutionRoleArn", None),
    ("eks", "CreateAddon"): ("serviceAccountRoleArn", None),
    ("eks", "UpdateAddon"): ("serviceAccountRoleArn", None),
    ("eks", "CreatePodIdentityAssociation"): ("roleArn", "pods.eks.amazonaws.com"),
    ("eks", "UpdatePodIdentityAssociation"): ("roleArn", "pods.eks.amazonaws.com"),
    **{
        ("cloudformation", name): ("RoleARN", "cloudformation.amazonaws.com")
        for name in ("CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet")
    },
}
"""Operations that hand a role to a service: the parameter (an ARN, ``RoleName`` a name of the account's
own), and the service where it is documented."""

KEYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "iam": {
        "iam:PermissionsBoundary": ("PermissionsBoundary",),
        "iam:AWSServiceName": ("AWSServiceName",),
    },
    "eks": {
        "eks:policyArn": ("policyArn",),
        "eks:accessScope": ("accessScope", "type"),
        "eks:namespaces": ("accessScope", "namespaces"),
        "eks:principalArn": ("principalArn",),
        "eks:clusterName": ("clusterName",),
        "eks:kubernetesGroups": ("kubernetesGroups",),
        "eks:username": ("username",),
        "eks:accessEntryType": ("type",),
        "eks:clientId": ("oidc", "clientId"),
        "eks:issuerUrl": ("oidc", "issuerUrl"),
        "eks:authenticationMode": ("accessConfig", "authenticationMode"),
        "eks:bootstrapClusterCreatorAdminPermissions": (
            "accessConfig",
            "bootstrapClusterCreatorAdminPermissions",
        ),
    },
    "sts": {
        "sts:ExternalId": ("ExternalId",),
        "sts:RoleSessionName": ("RoleSessionName",),
        "sts:DurationSeconds": ("DurationSeconds",),
        "sts:SourceIdentity": ("SourceIdentity",),
        "sts:TransitiveTagKeys": ("TransitiveTagKeys",),
    },
    "s3": {
        "s3:prefix": ("Prefix",),
        "s3:delimiter": ("Delimiter",),
        "s3:max-keys": ("MaxKeys",),
        "s3:VersionId": ("VersionId",),
        "s3:x-amz-acl": ("ACL",),
        "s3:x-amz-copy-source": ("CopySource",),
        "s3:x-amz-metadata-directive": ("MetadataDirective",),
        "s3:x-amz-storage-class": ("StorageClass",),
        "s3:x-amz-server-side-encryption": ("ServerSideEncryption",),
        "s3:x-amz-server-side-encryption-aws-kms-key-id": ("SSEKMSKeyId",),
        "s3:x-amz-server-side-encryption-customer-algorithm": ("SSECustomerAlgorithm",),
        "s3:x-amz-website-redirect-location": ("WebsiteRedirectLocation",),
        "s3:x-amz-object-ownership": ("ObjectOwnership",),
        "s3:x-amz-grant-full-control": ("GrantFullControl",),
        "s3:x-amz-grant-read": ("GrantRead",),
        "s3:x-amz-grant-read-acp": ("GrantReadACP",),
        "s3:x-amz-grant-write": ("GrantWrite",),
        "s3:x-amz-grant-write-acp": ("GrantWriteACP",),
        "s3:object-lock-mode": ("ObjectLockMode",),
        "s3:object-lock-legal-hold": ("ObjectLockLegalHoldStatus",),
        "s3:locationconstraint": ("CreateBucketConfiguration", "LocationConstraint"),
        "s3:if-match": ("IfMatch",),
        "s3:if-none-match": ("IfNoneMatch",),
        # Access points, access grants and directory buckets are not there: their keys are absent.
        "s3:DataAccessPointArn": ("AccessPoint",),
        "s3:DataAccessPointAccount": ("AccessPoint",),
        "s3:AccessPointNetworkOrigin": ("AccessPoint",),
        "s3:AccessGrantsInstanceArn": ("AccessPoint",),
    },
    "kms": {
        "kms:EncryptionAlgorithm": ("EncryptionAlgorithm",),
        "kms:GrantTokens": ("GrantTokens",),
        "kms:KeySpec": ("KeySpec",),
        "kms:KeyUsage": ("KeyUsage",),
        "kms:KeyOrigin": ("Origin",),
        "kms:MultiRegion": ("MultiRegion",),
        "kms:BypassPolicyLockoutSafetyCheck": ("BypassPolicyLockoutSafetyCheck",),
        "kms:ScheduleKeyDeletionPendingWindowInDays": ("PendingWindowInDays",),
        "kms:MessageType": ("MessageType",),
        "kms:SigningAlgorithm": ("SigningAlgorithm",),
        # Nothing here calls KMS on behalf of somebody through another service's request.
        "kms:ViaService": ("ViaService",),
    },
    "secretsmanager": {
        "secretsmanager:Name": ("Name",),
        "secretsmanager:Description": ("Description",),
        "secretsmanager:KmsKeyId": ("KmsKeyId",),
        "secretsmanager:VersionId": ("VersionId",),
        "secretsmanager:VersionStage": ("VersionStage",),
        "secretsmanager:BlockPublicPolicy": ("BlockPublicPolicy",),
        "secretsmanager:ForceDeleteWithoutRecovery": ("ForceDeleteWithoutRecovery",),
        "secretsmanager:RecoveryWindowInDays": ("RecoveryWindowInDays",),
    },
    "ssm": {
        "ssm:Overwrite": ("Overwrite",),
        "ssm:Recursive": ("Recursive",),
        "ssm:Policies": ("Policies",),
    },
    "cloudformation": {
        "cloudformation:ChangeSetName": ("ChangeSetName",),
        "cloudformation:ResourceTypes": ("ResourceTypes",),
        "cloudformation:RoleArn": ("RoleARN",),
        "cloudformation:StackPolicyUrl": ("StackPolicyURL",),
        "cloudformation:TemplateUrl": ("TemplateURL",),
        # Nothing is imported here: the key is absent.
        "cloudformation:ImportResourceTypes": ("ResourcesToImport",),
    },
    "dynamodb": {
        "dynamodb:Select": ("Select",),
        "dynamodb:ReturnValues": ("ReturnValues",),
        "dynamodb:ReturnConsumedCapacity": ("ReturnConsumedCapacity",),
    },
}
"""Condition key of a service -> where in the parameters its value stands."""

POLICY_TYPE_IN = ("PolicyType", "Type", "Filter")
"""Parameters of Organizations that hold the type of a policy, organizations:PolicyType."""

ON_SEVERAL: Mapping[tuple[str, str], tuple[tuple[str, tuple[str, ...]], ...]] = {
    ("organizations", "AttachPolicy"): (
        ("PolicyId", ("policy",)),
        ("TargetId", ("root", "organizationalunit", "account")),
    ),
    ("organizations", "DetachPolicy"): (
        ("PolicyId", ("policy",)),
        ("TargetId", ("root", "organizationalunit", "account")),
    ),
    ("organizations", "MoveAccount"): (
        ("AccountId", ("account",)),
        ("SourceParentId", ("root", "organizationalunit")),
        ("DestinationParentId", ("root", "organizationalunit")),
    ),
}
"""Operations on several resources at once: each parameter that names one, and the types it may be of.

Source: Service Authorization Reference, "AWS Organizations", the resource types of each action. That both
parents of a moved account count is our reading: the reference lists their types and not their number.
"""

BEGINNINGS: Mapping[str, str] = {"root": "r-", "organizationalunit": "ou-", "policy": "p-", "account": ""}
"""How the ids of each type begin (Organizations API Reference); the last fits what fits no other."""

SAYS_ALL: Mapping[str, tuple[str, ...]] = {
    "iam": ("CreateUser", "CreateRole"),
    "eks": ("Create", "Update", "Associate"),
    "sts": ("",),
    "s3": ("",),
    "kms": ("",),
    "ssm": ("",),
    "secretsmanager": ("",),
    "dynamodb": ("",),
    "cloudformation": ("",),
}
"""Beginnings of the operations in which a parameter that was not sent means that its key is absent.

In the others the key tells the state of what exists (the boundary of the role whose policy is
changed), which the parameters do not show.
"""

ATTACHES = frozenset(
    f"{verb}{kind}Policy" for verb in ("Attach", "Detach") for kind in ("User", "Role", "Group")
)
"""IAM operations in which PolicyArn is the key iam:PolicyARN; in the others it is the resource."""

MANY = frozenset(
    {
        "eks:namespaces",
        "eks:kubernetesgroups",
        "sts:transitivetagkeys",
        "aws:tagkeys",
        "cloudformation:resourcetypes",
        "cloudformation:importresourcetypes",
    }
)
"""Multivalued keys, lower-cased: they hold a set even of one."""
