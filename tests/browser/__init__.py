"""The product in a real browser, walked as its documentation says."""
