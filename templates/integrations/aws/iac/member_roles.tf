resource "aws_cloudformation_stack_set" "@@logical_id" {
  name             = @@name
  description      = "The role that lets Pipes read this account"
  permission_model = "SERVICE_MANAGED"
  call_as          = var.call_as
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  parameters       = local.parameters
  template_body    = local.template

  auto_deployment {
@@deployment
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
resource "aws_cloudformation_stack_set_instance" "@@logical_id" {
  stack_set_name = aws_cloudformation_stack_set.@@logical_id.name
  call_as        = var.call_as

  deployment_targets {
@@targets
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 25
  }
}
