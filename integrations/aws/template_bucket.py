"""Puts the templates that are the same for everybody into an S3 bucket of the operator's, for links that launch them.

Only ``manage.py publish_templates`` does it, with the credentials of whoever runs it, from the usual places. What lies
there already is left as it is.
"""

import json
from typing import Any

from django.conf import settings

from integrations.aws.iac import launch
from integrations.aws.regions import home_region, partition_of_region


class PublishError(Exception):
    """Nothing, or not everything, could be published; the text says why."""


def publish(bucket: str, prefix: str, *, partition: str) -> str:
    """Put each template there, and give the address of them all, which ends with their version. Raises PublishError."""
    from botocore.exceptions import BotoCoreError, ClientError  # slow to import

    folder = "".join(f"{part}/" for part in (*prefix.split("/"), launch.version()) if part)
    try:
        client, region = _client(bucket, partition)
        for name, text in launch.templates().items():
            _put(client, bucket, f"{folder}{name}", text.encode())
    except (BotoCoreError, ClientError) as error:
        raise PublishError(f"The templates could not be put into {bucket}: {error}") from error
    suffix = "amazonaws.com.cn" if partition_of_region(region) == "aws-cn" else "amazonaws.com"
    return f"https://{bucket}.s3.{region}.{suffix}/{folder}"


def reading_policy(bucket: str, prefix: str, *, partition: str) -> str:
    """Give the bucket policy with which CloudFormation of any account can read the templates, as JSON."""
    folder = "".join(f"{part}/" for part in prefix.split("/") if part)
    statement = {
        "Sid": "ReadTemplates",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:{partition}:s3:::{bucket}/{folder}*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def _client(bucket: str, partition: str) -> tuple[Any, str]:
    """Make a client in the bucket's Region, and say which that is; it is not told for the oldest one."""
    import botocore.session  # slow to import

    session = botocore.session.Session()
    endpoint = settings.AWS_ENDPOINT_URL
    asking = session.create_client("s3", home_region(partition), endpoint_url=endpoint)
    region = asking.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
    return session.create_client("s3", region, endpoint_url=endpoint), region


def _put(client: Any, bucket: str, key: str, body: bytes) -> None:
    """Put one template, unless it is there: what people have launched must not change."""
    from botocore.exceptions import ClientError

    try:
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/yaml; charset=utf-8", IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        if client.get_object(Bucket=bucket, Key=key)["Body"].read() != body:
            raise PublishError(
                f"{key} is in {bucket} already, and is not ours: publish under another prefix."
            ) from error
