"""The documentation inside the console, at ``/docs/``: pages from the Markdown files in ``docs/``, and their search.

``contents`` says which files, in which order, and which field's help leads to which section; ``rendering`` turns one
file into sections; ``library`` has all of them; ``search`` looks through them. It knows nobody's data.
"""
