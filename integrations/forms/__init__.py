"""Forms of an integration's pages; they validate, actions write. Those of the wizard are in ``wizard.steps``."""
