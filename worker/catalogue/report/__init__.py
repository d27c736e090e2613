"""The job type `report`: a table goes in, an analysis with its charts comes out."""
