"""Pages of integrations, by the same nouns as the folders beside this one.

A view resolves with access, validates with a form, makes one domain call and renders or redirects. ``frame`` is what
all pages of one integration share.
"""
