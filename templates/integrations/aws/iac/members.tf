# Lets Pipes read the accounts of this AWS organization: one IAM role in every account, made by a CloudFormation StackSet,
# also in accounts that join later.
#
# Run it with credentials of the management account (terraform init, terraform apply), after trusted access for StackSets
# has been activated there. In an account that is a delegated administrator of StackSets set call_as to DELEGATED_ADMIN;
# then the management account gets no role here.

terraform {
  required_version = ">= 1.3"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60"
    }
  }
}

variable "region" {
  description = "Where the StackSet works, one that every account has enabled; IAM itself has no Regions."
  type        = string
  default     = "@@home_region"
}

variable "stack_set_name" {
  description = "Name of the StackSet."
  type        = string
  default     = "@@stack_set_name"
}

variable "role_name" {
  description = "Name of the IAM role to create in every account; the same as in Role Name."
  type        = string
  default     = "@@role_name"

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.role_name))
    error_message = "An IAM role name has 1 to 64 letters, digits and _+=,.@- characters."
  }
}

variable "principal_arn" {
  description = "The only identity that may assume the roles: that of the Pipes server."
  type        = string
  default     = "@@principal_arn"

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]+$", var.principal_arn))
    error_message = "The principal is the ARN of one IAM role or user."
  }
}

variable "external_id" {
  description = "The external id that Pipes sends; it was made for this integration alone."
  type        = string
  default     = "@@external_id"

  validation {
    condition     = can(regex("^[to]_[0-9a-z]{1,64}:[a-z2-7]{26}$", var.external_id))
    error_message = "Copy the External ID exactly as Pipes shows it."
  }
}

variable "policy_name" {
  description = "The managed policy that the role gets, with its path where it has one; what the role may read."
  type        = string
  default     = "@@policy_name"

  validation {
    condition     = can(regex("^([\\w+=,.@-]+/)*[\\w+=,.@-]{1,128}$", var.policy_name))
    error_message = "The name of a managed policy, such as ReadOnlyAccess or job-function/ViewOnlyAccess."
  }
}

variable "policy_owner" {
  description = "aws for a policy that AWS manages; account for one of your own, which has to be in every account before."
  type        = string
  default     = "@@policy_owner"

  validation {
    condition     = contains(["aws", "account"], var.policy_owner)
    error_message = "The policy belongs to aws or to the account."
  }
}

variable "call_as" {
  description = "SELF in the management account, DELEGATED_ADMIN in a delegated administrator of StackSets."
  type        = string
  default     = "SELF"

  validation {
    condition     = contains(["SELF", "DELEGATED_ADMIN"], var.call_as)
    error_message = "Call as SELF or DELEGATED_ADMIN."
  }
}

variable "management_account" {
  description = "Whether the management account, which no StackSet covers, gets the role too."
  type        = bool
  default     = @@has_management
}

@@variables
provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.principal_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

locals {
  has_management = var.call_as == "SELF" && var.management_account
  owner          = var.policy_owner == "aws" ? "aws" : data.aws_caller_identity.current.account_id

  parameters = {
    RoleName     = var.role_name
    PrincipalArn = var.principal_arn
    ExternalId   = var.external_id
    PolicyName   = var.policy_name
    PolicyOwner  = var.policy_owner
  }

  template = <<-YAML
@@body
  YAML
}

# A StackSet never covers the management account, so this account gets the same role here.
resource "aws_iam_role" "management" {
  count = local.has_management ? 1 : 0

  name               = var.role_name
  description        = "Pipes reads this account"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy_attachment" "management" {
  count = local.has_management ? 1 : 0

  role       = aws_iam_role.management[0].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::${local.owner}:policy/${var.policy_name}"
}

@@stack_sets
output "role_arn" {
  description = "The role that Pipes assumes in the management account; its name is the same in every account."
  value       = one(aws_iam_role.management[*].arn)
}
