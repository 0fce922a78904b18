"""What pages of all apps share: fragments, attributes of inputs, pagination. Views import it; actions do not."""
