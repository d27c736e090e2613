"""The job types that come with Tailrace: a greeting, a clock, a report and a batch of files."""

# Under other names than their modules', which they would hide.
from worker.catalogue.files.job import files as files_job
from worker.catalogue.hello import hello as hello_job
from worker.catalogue.report.job import report as report_job
from worker.catalogue.ticks import ticks as ticks_job

__all__ = ["files_job", "hello_job", "report_job", "ticks_job"]
