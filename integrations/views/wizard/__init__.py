"""The pages of the wizard, and the files that it hands out."""
