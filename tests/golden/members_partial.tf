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
  default     = "us-east-1"
}

variable "stack_set_name" {
  description = "Name of the StackSet."
  type        = string
  default     = "pipes-members-awsi-0f0f0f"
}

variable "role_name" {
  description = "Name of the IAM role to create in every account; the same as in Role Name."
  type        = string
  default     = "pipes-connection"

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.role_name))
    error_message = "An IAM role name has 1 to 64 letters, digits and _+=,.@- characters."
  }
}

variable "principal_arn" {
  description = "The only identity that may assume the roles: that of the Pipes server."
  type        = string
  default     = "arn:aws:iam::111122223333:role/service/pipes"

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\\w+=,.@/-]+$", var.principal_arn))
    error_message = "The principal is the ARN of one IAM role or user."
  }
}

variable "external_id" {
  description = "The external id that Pipes sends; it was made for this integration alone."
  type        = string
  default     = "o_3f9c27a1e05b84d6c7f2:zyxwvutsrqponmlkjihgfedcba"

  validation {
    condition     = can(regex("^[to]_[0-9a-z]{1,64}:[a-z2-7]{26}$", var.external_id))
    error_message = "Copy the External ID exactly as Pipes shows it."
  }
}

variable "policy_name" {
  description = "The managed policy that the role gets, with its path where it has one; what the role may read."
  type        = string
  default     = "ReadOnlyAccess"

  validation {
    condition     = can(regex("^([\\w+=,.@-]+/)*[\\w+=,.@-]{1,128}$", var.policy_name))
    error_message = "The name of a managed policy, such as ReadOnlyAccess or job-function/ViewOnlyAccess."
  }
}

variable "policy_owner" {
  description = "aws for a policy that AWS manages; account for one of your own, which has to be in every account before."
  type        = string
  default     = "aws"

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
  default     = false
}

variable "organizational_unit_ids" {
  description = "Where to create the role: the id of the root (r-...) for all accounts, or ids of OUs (ou-...)."
  type        = list(string)
  default     = ["ou-ab12-abcdefgh", "ou-ab12-ijklmnop"]

  validation {
    condition = length(var.organizational_unit_ids) > 0 && alltrue([
      for id in var.organizational_unit_ids : can(regex("^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$", id))
    ])
    error_message = "The id of the root (r-...) or ids of OUs (ou-...), as AWS Organizations shows them."
  }
}

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
    AWSTemplateFormatVersion: "2010-09-09"
    Description: "Lets Pipes read this account: one IAM role, nothing else."

    Parameters:
      RoleName:
        Type: String
      PrincipalArn:
        Type: String
      ExternalId:
        Type: String
      PolicyName:
        Type: String
      PolicyOwner:
        Type: String

    Conditions:
      IsOwnPolicy: !Equals [!Ref PolicyOwner, account]

    Resources:
      MemberRole:
        Type: AWS::IAM::Role
        Properties:
          RoleName: !Ref RoleName
          Description: "Pipes reads this account"
          AssumeRolePolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Principal:
                  AWS: !Ref PrincipalArn
                Action: sts:AssumeRole
                Condition:
                  StringEquals:
                    sts:ExternalId: !Ref ExternalId
          ManagedPolicyArns:
            - !Sub
              - "arn:$${AWS::Partition}:iam::$${Owner}:policy/$${PolicyName}"
              - Owner: !If [IsOwnPolicy, !Ref AWS::AccountId, aws]

    Outputs:
      RoleArn:
        Description: "The role that Pipes assumes in this account."
        Value: !GetAtt MemberRole.Arn
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

resource "aws_cloudformation_stack_set" "members" {
  name             = var.stack_set_name
  description      = "The role that lets Pipes read this account"
  permission_model = "SERVICE_MANAGED"
  call_as          = var.call_as
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  parameters       = local.parameters
  template_body    = local.template

  auto_deployment {
    enabled = true
    # An account that leaves the AWS organization loses the role.
    retain_stacks_on_account_removal = false
  }

  # An account where the role cannot be made must not undo it in all the others; Pipes shows it as such.
  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 25
  }

  # AWS fills this in for service-managed StackSets.
  lifecycle {
    ignore_changes = [administration_role_arn]
  }

  # A name that is taken shows in the management account before the roll-out to the other accounts begins.
  depends_on = [aws_iam_role.management]
}

# IAM has no Regions: the instances are in that of the provider and in no other, which would make the same role again.
resource "aws_cloudformation_stack_set_instance" "members" {
  stack_set_name = aws_cloudformation_stack_set.members.name
  call_as        = var.call_as

  deployment_targets {
    organizational_unit_ids = var.organizational_unit_ids
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 25
  }
}

resource "aws_cloudformation_stack_set" "accounts" {
  name             = "${var.stack_set_name}-accounts"
  description      = "The role that lets Pipes read this account"
  permission_model = "SERVICE_MANAGED"
  call_as          = var.call_as
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  parameters       = local.parameters
  template_body    = local.template

  auto_deployment {
    enabled = false
  }

  # An account where the role cannot be made must not undo it in all the others; Pipes shows it as such.
  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 25
  }

  # AWS fills this in for service-managed StackSets.
  lifecycle {
    ignore_changes = [administration_role_arn]
  }

  # A name that is taken shows in the management account before the roll-out to the other accounts begins.
  depends_on = [aws_iam_role.management]
}

# IAM has no Regions: the instances are in that of the provider and in no other, which would make the same role again.
resource "aws_cloudformation_stack_set_instance" "accounts" {
  stack_set_name = aws_cloudformation_stack_set.accounts.name
  call_as        = var.call_as

  deployment_targets {
    organizational_unit_ids = ["r-ab12"]
    account_filter_type     = "INTERSECTION"
    accounts = [
      "111122223333",
      "444455556666",
    ]
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 25
  }
}

output "role_arn" {
  description = "The role that Pipes assumes in the management account; its name is the same in every account."
  value       = one(aws_iam_role.management[*].arn)
}
