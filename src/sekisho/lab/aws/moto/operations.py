"""The operations that moto answers behind the door, by service.

An operation stands here if its permissions are decided and what it does stays where it was
decided. What moto would do further on somebody's behalf without asking is left out: deliveries to
other queues, functions and web addresses, replication, grants, ACLs, transactions.
"""

from collections.abc import Mapping
from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


OPERATIONS: Final[Mapping[str, frozenset[str]]] = {
    "s3": _names(
        """
        AbortMultipartUpload CompleteMultipartUpload CopyObject CreateBucket CreateMultipartUpload
        DeleteBucket DeleteBucketCors DeleteBucketEncryption DeleteBucketLifecycle
        DeleteBucketOwnershipControls DeleteBucketPolicy DeleteBucketTagging DeleteObject DeleteObjects
        DeleteObjectTagging DeletePublicAccessBlock GetBucketAcl GetBucketCors GetBucketEncryption
        GetBucketLifecycleConfiguration GetBucketLocation GetBucketOwnershipControls GetBucketPolicy
        GetBucketTagging GetBucketVersioning GetObject GetObjectAcl GetObjectAttributes
        GetObjectLegalHold GetObjectLockConfiguration GetObjectRetention GetObjectTagging
        GetPublicAccessBlock HeadBucket HeadObject ListBuckets ListMultipartUploads
        ListObjectVersions ListObjects ListObjectsV2 ListParts PutBucketCors PutBucketEncryption
        PutBucketLifecycleConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketTagging
        PutBucketVersioning PutObject PutObjectLegalHold PutObjectLockConfiguration PutObjectRetention
        PutObjectTagging PutPublicAccessBlock UploadPart UploadPartCopy
        """
    ),
    "ec2": _names(
        """
        DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones DescribeDhcpOptions
        DescribeImages DescribeInstanceStatus DescribeInstanceTypeOfferings DescribeInstanceTypes
        DescribeInstances
        DescribeInternetGateways DescribeKeyPairs DescribeLaunchTemplateVersions
        DescribeLaunchTemplates DescribeNatGateways DescribeNetworkAcls DescribeNetworkInterfaces
        DescribePrefixLists DescribeRegions DescribeRouteTables DescribeSecurityGroupRules
        DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVolumes DescribeVpcEndpoints
        DescribeVpcPeeringConnections DescribeVpcs
        """
    ),
    "kms": _names(
        """
        CancelKeyDeletion CreateAlias CreateKey Decrypt DeleteAlias DescribeKey DisableKey
        DisableKeyRotation EnableKey EnableKeyRotation Encrypt GenerateDataKey
        GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom GetKeyPolicy GetKeyRotationStatus
        GetPublicKey ListAliases ListKeyPolicies ListKeys ListResourceTags PutKeyPolicy ReEncrypt
        ScheduleKeyDeletion Sign TagResource UntagResource UpdateAlias UpdateKeyDescription Verify
        VerifyMac
        """
    ),
    "secretsmanager": _names(
        """
        CreateSecret DeleteResourcePolicy DeleteSecret DescribeSecret GetRandomPassword
        GetResourcePolicy GetSecretValue ListSecretVersionIds ListSecrets PutResourcePolicy
        PutSecretValue RestoreSecret TagResource UntagResource UpdateSecret
        """
    ),
    "sqs": _names(
        """
        AddPermission ChangeMessageVisibility ChangeMessageVisibilityBatch CreateQueue DeleteMessage
        DeleteMessageBatch DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags ListQueues
        PurgeQueue ReceiveMessage RemovePermission SendMessage SendMessageBatch SetQueueAttributes
        TagQueue UntagQueue
        """
    ),
    "sns": _names(
        """
        AddPermission CreateTopic DeleteTopic GetTopicAttributes ListTagsForResource ListTopics Publish
        PublishBatch RemovePermission SetTopicAttributes TagResource UntagResource
        """
    ),
    "dynamodb": _names(
        """
        BatchGetItem BatchWriteItem CreateTable DeleteItem DeleteResourcePolicy DeleteTable
        DescribeTable DescribeTimeToLive GetItem GetResourcePolicy ListTables ListTagsOfResource PutItem
        PutResourcePolicy Query Scan TagResource UntagResource UpdateItem UpdateTable
        """
    ),
    "ecr": _names(
        """
        BatchDeleteImage BatchGetImage CreateRepository DeleteRepository DeleteRepositoryPolicy
        DescribeImages DescribeRepositories GetAuthorizationToken GetRepositoryPolicy ListImages
        ListTagsForResource PutImage SetRepositoryPolicy TagResource UntagResource
        """
    ),
    "ssm": _names(
        """
        DeleteParameter DeleteParameters DescribeParameters GetParameter GetParameterHistory
        GetParameters GetParametersByPath PutParameter
        """
    ),
}


def is_answered(service: str, operation: str) -> bool:
    """Tell whether moto answers the operation."""
    return operation in OPERATIONS.get(service, ())
