"""People by browser, one module per desk."""
