# Lets Pipes read the tree of this AWS organization: one IAM role and its policy, nothing else.
#
# Run it with credentials of the management account (terraform init, terraform apply), then paste the output
# role_arn into Role ARN.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "region" {
  description = "The provider needs a Region; IAM itself has none."
  type        = string
  default     = "us-gov-west-1"
}

variable "role_name" {
  description = "Name of the IAM role to create."
  type        = string
  default     = "pipes-discovery"

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.role_name))
    error_message = "An IAM role name has 1 to 64 letters, digits and _+=,.@- characters."
  }
}

variable "principal_arn" {
  description = "The only identity that may assume the role: that of the Pipes server."
  type        = string
  default     = "arn:aws-us-gov:iam::444455556666:user/pipes"

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]+$", var.principal_arn))
    error_message = "The principal is the ARN of one IAM role or user."
  }
}

variable "external_id" {
  description = "The external id that Pipes sends; it was made for this integration alone."
  type        = string
  default     = "o_3f9c27a1e05b84d6c7f2:abcdefghijklmnopqrstuvwxyz"

  validation {
    condition     = can(regex("^[to]_[0-9a-z]{1,64}:[a-z2-7]{26}$", var.external_id))
    error_message = "Copy the External ID exactly as Pipes shows it."
  }
}

provider "aws" {
  region = var.region
}

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

data "aws_iam_policy_document" "permissions" {
  # The calls of a discovery, and no other. They all read; "*" also matches what is gone, to confirm that it is.
  statement {
    sid = "ReadOrganization"
    actions = [
      "organizations:DescribeOrganization",
      "organizations:ListRoots",
      "organizations:ListAccounts",
      "organizations:ListOrganizationalUnitsForParent",
      "organizations:ListChildren",
      "organizations:ListAccountsForParent",
      "organizations:DescribeOrganizationalUnit",
      "organizations:DescribeAccount",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "discovery" {
  name               = var.role_name
  description        = "Pipes reads the tree of this AWS organization"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "discovery" {
  name   = "read-organization-tree"
  role   = aws_iam_role.discovery.name
  policy = data.aws_iam_policy_document.permissions.json
}

output "role_arn" {
  description = "Paste this into Role ARN."
  value       = aws_iam_role.discovery.arn
}
