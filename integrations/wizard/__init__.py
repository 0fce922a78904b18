"""The wizard: ``drafts`` says where a draft stands, ``finish`` turns it into an integration.

``steps`` holds one file for each step, ``setup_files`` what is created in AWS on the way. When a draft expires is in
``integrations.retention``.
"""
