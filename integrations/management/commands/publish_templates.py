"""``manage.py publish_templates --bucket NAME``: for links that launch our CloudFormation templates."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.access.findings import first_partition


class Command(BaseCommand):
    help = "Put the CloudFormation templates into an S3 bucket, and print what to set so that pages link to them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bucket", required=True, help="of the partition whose AWS organizations are served")
        parser.add_argument("--prefix", default="pipes", help="the folder in the bucket, %(default)s by default")
        parser.add_argument("--partition", default="", help="by default that of PIPES_AWS_PRINCIPAL_ARN's first")

    def handle(self, *args: Any, **options: Any) -> None:
        from integrations.aws import template_bucket  # slow to import

        bucket, prefix = options["bucket"], options["prefix"].strip("/")
        partition = options["partition"] or first_partition()
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket):
            raise CommandError("Give the name of a bucket without dots: its address has to fit Amazon's certificate.")
        if not re.fullmatch(r"(?:[\w.-]+(?:/[\w.-]+)*)?", prefix, re.ASCII):
            raise CommandError("A prefix has letters, digits and the characters . _ - / only.")
        try:
            url = template_bucket.publish(bucket, prefix, partition=partition)
        except template_bucket.PublishError as error:
            raise CommandError(str(error)) from error
        policy = template_bucket.reading_policy(bucket, prefix, partition=partition)
        self.stdout.write(
            f"The templates of this version are in {bucket}. CloudFormation reads them as the customer who launches"
            f" one, so everybody must be able to; a bucket policy for that:\n\n{policy}\n\n"
            f"Then set this for web, worker and beat, and restart web:\n\nPIPES_TEMPLATES_URL={url}"
        )
