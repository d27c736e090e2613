"""The job type `train`: a table goes in, a model that was tried on rows that it had not seen comes out."""
