"""The job types that come with Tailrace: a greeting, a clock, a report, and text of a language model."""

# Under other names than their modules', which they would hide.
from worker.catalogue.generate.job import generate as generate_job
from worker.catalogue.hello import hello as hello_job
from worker.catalogue.report.job import report as report_job
from worker.catalogue.ticks import ticks as ticks_job

__all__ = ["generate_job", "hello_job", "report_job", "ticks_job"]
