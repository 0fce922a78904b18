"""The same grants as django-guardian keeps them, to compare its lists with ours."""
