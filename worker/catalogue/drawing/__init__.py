"""Charts that follow the reader's screen and stand beside others."""
