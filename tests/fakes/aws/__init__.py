"""Our stand-in for AWS: Organizations and STS over HTTP, as AWS answers and moto does not."""

from tests.fakes.aws.organization import AwsOrganization, StandInError, new_organization
from tests.fakes.aws.policy import allowing, denying, reading_organizations, trusting
from tests.fakes.aws.running import RunningAws, running_aws

__all__ = [
    "AwsOrganization",
    "RunningAws",
    "StandInError",
    "allowing",
    "denying",
    "new_organization",
    "reading_organizations",
    "running_aws",
    "trusting",
]
