"""The job type `generate`: a prompt goes in, text comes out, token by token."""
