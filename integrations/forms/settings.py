"""What the forms of settings have in common, in the wizard and later."""

from django import forms


class SettingsForm(forms.Form):
    """Starts from settings as they are stored, never from a secret, and puts what is valid back onto them."""

    use_required_attribute = False  # a field of the mode that is not chosen must not stop the browser

    def keep(self) -> None:
        """Put each valid value onto the settings, also when others are not; nothing is saved here."""
