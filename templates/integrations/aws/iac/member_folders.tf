variable "organizational_unit_ids" {
  description = "Where to create the role: the id of the root (r-...) for all accounts, or ids of OUs (ou-...)."
  type        = list(string)
@@default
  validation {
    condition = length(var.organizational_unit_ids) > 0 && alltrue([
      for id in var.organizational_unit_ids : can(regex("^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$", id))
    ])
    error_message = "The id of the root (r-...) or ids of OUs (ou-...), as AWS Organizations shows them."
  }
}
