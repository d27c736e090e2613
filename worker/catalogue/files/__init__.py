"""The job type `files`: a batch goes in, one result for each file comes out, and what is broken fails alone."""
