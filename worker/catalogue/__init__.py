"""The job types that come with Tailrace: a greeting, a clock, a report and a watch over figures."""

# Under other names than their modules', which they would hide.
from worker.catalogue.hello import hello as hello_job
from worker.catalogue.monitor.job import monitor as monitor_job
from worker.catalogue.report.job import report as report_job
from worker.catalogue.ticks import ticks as ticks_job

__all__ = ["hello_job", "monitor_job", "report_job", "ticks_job"]
