"""The job types that come with Tailrace: a greeting, a clock, a report and a model."""

# Under other names than their modules', which they would hide.
from worker.catalogue.hello import hello as hello_job
from worker.catalogue.report.job import report as report_job
from worker.catalogue.ticks import ticks as ticks_job
from worker.catalogue.train.job import train as train_job

__all__ = ["hello_job", "report_job", "ticks_job", "train_job"]
