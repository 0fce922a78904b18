"""The pages of the wizard, and the setup files that it offers."""
