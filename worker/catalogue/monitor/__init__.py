"""The job type `monitor`: figures of machines, endpoints and databases, and rules that fire and resolve alerts."""
