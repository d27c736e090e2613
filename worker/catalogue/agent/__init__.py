"""The job type `agent`: a goal and some files go in, an answer with its sources comes out."""
